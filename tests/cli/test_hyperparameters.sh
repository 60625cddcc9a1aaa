# hyperparameters: the laws of learning rate and batch, each with its range, and the rest.
. "$ROOT/tests/cli/lib.sh"
ask="$plan hyperparameters"
mission="$ask --params 350M --tokens 8.5G"

answers 0 '.schema_version == 1 and .params_active == 350e6 and .tokens == 8.5e9 and .steps >= 2000' $mission
answers 0 '.hyperparameters | .learning_rate == 0.001 and .learning_rate_low < 6e-4 and .learning_rate_high > 1.5e-3' $mission
answers 0 '.hyperparameters | .batch_tokens_low <= .batch_tokens and .batch_tokens <= .batch_tokens_high and .batch_tokens == 524288' $mission
answers 0 '.hyperparameters | .critical_batch_tokens_low > 7.5e5 and .critical_batch_tokens_high < 1.6e6 and .critical_batch_tokens > .critical_batch_tokens_low and .critical_batch_kaplan_tokens > 1.3e6' $mission
answers 0 '.hyperparameters | .warmup_steps_low <= .warmup_steps and .warmup_steps <= .warmup_steps_high and .schedule == "WSD" and .cooldown_share == 0.2 and .steps_min == 2000' $mission
answers 0 '[.hyperparameters.laws[] | select(.used) | .law] == ["steplaw2025","deepseek2024","ludziejewski2025"]' $mission
answers 0 'all(.hyperparameters.laws[]; has("learning_rate") and has("batch_tokens") and has("in_range") and .evidence != null and .source != null and .range != null)' $mission
answers 0 '[.hyperparameters.laws[] | select(.law == "kaplan2020")][0] | .evidence == "from memory" and (.used | not) and .in_range' $mission
answers 0 '[.hyperparameters.laws[] | select(.law == "porian2024")][0] | (.in_range | not) and (.outside_by | test("350 M parameters"))' $mission
# experts: the law that knows only dense models falls out, and the rate falls
answers 0 '[.hyperparameters.laws[] | select(.used) | .law] == ["steplaw2025","ludziejewski2025"]' $mission --experts 8
# compute that is not 6 N D: beyond DeepSeek's fit
answers 0 '[.hyperparameters.laws[] | select(.law == "deepseek2024")][0] | (.in_range | not) and .outside_by == "3e19 FLOP"' $mission --flops 3e19
# tiny: no law was fitted there, its rates are held to 3e-3 and the answer says so
answers 0 '.hyperparameters | .learning_rate_extrapolated and .learning_rate_high <= 0.003 and (.note | test("no law was fitted"))' $ask --params 10M --tokens 200M
# small batches and repeated data
answers 0 '.hyperparameters | .beta2 == 0.99 and .weight_decay == 1 and .weight_decay_low == 0.1' $ask --params 60M --tokens 1.2G --unique 100M
answers 0 '.hyperparameters | .beta2 == 0.95 and .weight_decay == 0.1' $mission
answers 0 '.too_few_steps and .steps < 2000' $ask --params 10M --tokens 1M
# a model: each law counts its own N
answers 0 '.model == "gpt2-124m" and .params_non_embedding < .params_matmul and .params_matmul < .params_active' $ask --model gpt2-124m --tokens 2.5G
answers 0 '.experts > 1 and .seq > 0' $ask --model tiny-moe --tokens 2G
shows 0 'in its range' $mission
shows 0 'steps at least +2,000' $mission
shows 0 'Step Law 2025 +1e-3' $ask --params 1G --tokens 20G
answers 0 '.explain | length > 12 and all(.[]; .formula and .source and .tag)' $mission --explain
shows 0 'Where each number comes from' $mission --explain
shows 0 'no law was fitted at such a run' $ask --params 10M --tokens 200M
for question in "--params 350M --tokens 8.5G" "--params 10M --tokens 200M" "--params 400G --tokens 9T --experts 64" "--params 1 --tokens 1" "--model gpt2-124m --tokens 1T --unique 1G"; do
    run $ask $question
    [ "$code" -eq 0 ] && [ "$(awk 'length($0) > n { n = length($0) } END { print n }' stdout.txt)" -le 80 ] && ! grep -q ' $' stdout.txt
    note $? "a screen of 80 columns: $question"
done

# the main job carries the same object, and keeps the keys it had
answers 0 '.recommended | .hyperparameters.learning_rate == .learning_rate and .hyperparameters.batch_tokens == .batch_tokens and (.hyperparameters.laws | length == 5)' "$plan" --hw tpu-v5e --hours 100
answers 0 'all(.alternatives[]; .hyperparameters.warmup_steps > 0)' "$plan" --hw tpu-v5e --hours 100
answers 0 '.recommended.hyperparameters.weight_decay == 1' "$plan" --hw tpu-v5e --hours 100 --tokens 100M

refuses 2 'tokens: expected a number such as' $ask --params 1G
refuses 2 'params: expected either parameters or --model, got neither' $ask --tokens 1G
refuses 2 'params: expected either parameters or --model, got both' $ask --tokens 1G --params 1G --model gpt2-124m
refuses 2 'experts: the model says' $ask --tokens 1G --model gpt2-124m --experts 4
refuses 2 'unique: expected at most' $ask --tokens 1G --params 1G --unique 2G
refuses 2 'params: expected a number from 1 ' $ask --params 0 --tokens 1G
finish
