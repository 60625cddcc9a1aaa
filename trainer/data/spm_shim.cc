#include "trainer/data/spm_shim.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <sentencepiece_processor.h>

using sentencepiece::SentencePieceProcessor;

static void say(const std::string &what, char *why, size_t why_bytes)
{
    std::snprintf(why, why_bytes, "%s", what.c_str());
}

// No exception leaves: what C calls must not unwind it.
template <typename Work> static bool guarded(Work work, char *why, size_t why_bytes)
{
    try {
        const sentencepiece::util::Status status = work();
        if (status.ok())
            return true;
        say(status.ToString(), why, why_bytes);
    } catch (const std::exception &thrown) {
        say(thrown.what(), why, why_bytes);
    } catch (...) {
        say("unknown exception", why, why_bytes);
    }
    return false;
}

void *vsh_spm_open(const char *model, size_t length, char *why, size_t why_bytes)
{
    std::unique_ptr<SentencePieceProcessor> processor;
    const bool loaded = guarded(
        [&] {
            processor = std::make_unique<SentencePieceProcessor>();
            return processor->LoadFromSerializedProto(absl::string_view(model, length));
        },
        why, why_bytes);

    return loaded ? processor.release() : nullptr;
}

void vsh_spm_close(void *processor) { delete static_cast<SentencePieceProcessor *>(processor); }

bool vsh_spm_encode(const void *processor, const char *text, size_t length, vsh_spm_sink *sink,
                    void *context, char *why, size_t why_bytes)
{
    const auto *spm = static_cast<const SentencePieceProcessor *>(processor);
    bool taken = false;
    const bool encoded = guarded(
        [&] {
            std::vector<int> ids;
            const auto status = spm->Encode(absl::string_view(text, length), &ids);
            if (status.ok())
                taken = sink(context, ids.data(), ids.size());
            return status;
        },
        why, why_bytes);

    if (encoded && !taken)
        say("out of memory", why, why_bytes);
    return encoded && taken;
}
