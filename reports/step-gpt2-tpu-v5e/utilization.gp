# draws utilization.svg: gnuplot utilization.gp
reset
set encoding utf8
set terminal svg size 560,766 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'utilization.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Where each operation''s cycles went' at screen 0.0214,0.9713 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$useful << EOD
NaN NaN NaN NaN NaN NaN
0.470638 27 0 0.941277 20.5 33.5
0.4866 45 0 0.9732 38.5 51.5
0.496855 63 0 0.993711 56.5 69.5
0.44478 81 0 0.889561 74.5 87.5
0.480191 117 0 0.960382 110.5 123.5
0.481225 135 0 0.962451 128.5 141.5
0.482981 153 0 0.965962 146.5 159.5
0.485373 171 0 0.970746 164.5 177.5
0.489258 189 0 0.978515 182.5 195.5
0.432142 225 0 0.864284 218.5 231.5
0.0964446 243 0 0.192889 236.5 249.5
0.46075 279 0 0.9215 272.5 285.5
0.489129 297 0 0.978258 290.5 303.5
0.129186 333 0 0.258371 326.5 339.5
0.142997 351 0 0.285993 344.5 357.5
0.143035 369 0 0.286069 362.5 375.5
0.143051 387 0 0.286101 380.5 393.5
0.164204 405 0 0.328409 398.5 411.5
0.150697 459 0 0.301394 452.5 465.5
0.382623 513 0 0.765246 506.5 519.5
0.46497 531 0 0.92994 524.5 537.5
0.478097 549 0 0.956193 542.5 555.5
EOD
$padding << EOD
NaN NaN NaN NaN NaN NaN
0.973655 45 0.9732 0.97411 38.5 51.5
0.994175 63 0.993711 0.99464 56.5 69.5
0.313233 243 0.192889 0.433577 236.5 249.5
0.29051 333 0.258371 0.322649 326.5 339.5
0.464425 351 0.285993 0.642857 344.5 357.5
0.464549 369 0.286069 0.643028 362.5 375.5
0.464601 387 0.286101 0.6431 380.5 393.5
0.492613 405 0.328409 0.656818 398.5 411.5
0.489434 459 0.301394 0.677475 452.5 465.5
EOD
$array << EOD
NaN NaN NaN NaN NaN NaN
0.942618 27 0.941558 0.943678 20.5 33.5
0.975875 45 0.97411 0.977641 38.5 51.5
0.9963 63 0.99464 0.997961 56.5 69.5
0.893682 81 0.889561 0.897803 74.5 87.5
0.966176 117 0.960382 0.971969 110.5 123.5
0.976846 135 0.962451 0.991242 128.5 141.5
0.971789 153 0.965962 0.977616 146.5 159.5
0.976601 171 0.970746 0.982457 164.5 177.5
0.984418 189 0.978515 0.990321 182.5 195.5
0.869623 225 0.864284 0.874962 218.5 231.5
0.494484 243 0.433577 0.55539 236.5 249.5
0.928103 279 0.9215 0.934706 272.5 285.5
0.981781 297 0.978258 0.985303 290.5 303.5
0.398829 333 0.322649 0.475008 326.5 339.5
0.687285 351 0.642857 0.731713 344.5 357.5
0.687468 369 0.643028 0.731907 362.5 375.5
0.687545 387 0.6431 0.731989 380.5 393.5
0.702207 405 0.656818 0.747596 398.5 411.5
0.724291 459 0.677475 0.771108 452.5 465.5
0.776875 513 0.765246 0.788503 506.5 519.5
0.941229 531 0.92994 0.952518 524.5 537.5
0.967801 549 0.956193 0.979408 542.5 555.5
EOD
$memory << EOD
NaN NaN NaN NaN NaN NaN
0.5 9 0 1 2.5 15.5
0.971839 27 0.943678 1 20.5 33.5
0.98882 45 0.977641 1 38.5 51.5
0.99898 63 0.997961 1 56.5 69.5
0.948902 81 0.897803 1 74.5 87.5
0.5 99 0 1 92.5 105.5
0.985984 117 0.971969 1 110.5 123.5
0.995621 135 0.991242 1 128.5 141.5
0.988808 153 0.977616 1 146.5 159.5
0.991229 171 0.982457 1 164.5 177.5
0.99516 189 0.990321 1 182.5 195.5
0.5 207 0 1 200.5 213.5
0.937481 225 0.874962 1 218.5 231.5
0.557423 243 0.55539 0.559456 236.5 249.5
0.5 261 0 1 254.5 267.5
0.967353 279 0.934706 1 272.5 285.5
0.992651 297 0.985303 1 290.5 303.5
0.5 315 0 1 308.5 321.5
0.736496 333 0.475008 0.997983 326.5 339.5
0.865856 351 0.731713 1 344.5 357.5
0.865954 369 0.731907 1 362.5 375.5
0.865995 387 0.731989 1 380.5 393.5
0.873798 405 0.747596 1 398.5 411.5
0.5 423 0 1 416.5 429.5
0.5 441 0 1 434.5 447.5
0.885554 459 0.771108 1 452.5 465.5
0.5 477 0 1 470.5 483.5
0.5 495 0 1 488.5 501.5
0.894252 513 0.788503 1 506.5 519.5
0.976259 531 0.952518 1 524.5 537.5
0.989704 549 0.979408 1 542.5 555.5
0.5 567 0 1 560.5 573.5
0.5 585 0 1 578.5 591.5
0.5 603 0 1 596.5 609.5
0.5 621 0 1 614.5 627.5
EOD
$vector << EOD
NaN NaN NaN NaN NaN NaN
0.779728 243 0.559456 1 236.5 249.5
0.998992 333 0.997983 1 326.5 339.5
EOD
unset label
unset arrow
unset object
unset logscale
unset tics
set xtics nomirror out scale 0.5,0.25 offset 0,0.35 autofreq
set ytics nomirror out scale 0.5,0.25 autofreq
set autoscale
set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '#7f7f7f' dashtype (1,3)
set lmargin at screen 0.3143
set rmargin at screen 0.9536
set tmargin at screen 0.8695
set bmargin at screen 0.0470
unset ytics
set yrange [630:0]
set xrange [0:1.46]
set xtics ('0' 0, '50 %%' 0.5, '100 %%' 1)
set border 1
set label 'head.loss dX' at graph 0,first 9 right offset -0.6,0 font 'sans-serif,13' front
set label '5.8 %' at first 1.45,9 right font 'sans-serif,13' front
set label 'head.logits dW' at graph 0,first 27 right offset -0.6,0 font 'sans-serif,13' front
set label '94 %' at first 1.2,27 right font 'sans-serif,13' front
set label '5.7 %' at first 1.45,27 right font 'sans-serif,13' front
set label 'head.logits dX' at graph 0,first 45 right offset -0.6,0 font 'sans-serif,13' front
set label '97 %' at first 1.2,45 right font 'sans-serif,13' front
set label '5.5 %' at first 1.45,45 right font 'sans-serif,13' front
set label 'head.logits' at graph 0,first 63 right offset -0.6,0 font 'sans-serif,13' front
set label '99 %' at first 1.2,63 right font 'sans-serif,13' front
set label '5.4 %' at first 1.45,63 right font 'sans-serif,13' front
set label 'mlp.up dW' at graph 0,first 81 right offset -0.6,0 font 'sans-serif,13' front
set label '89 %' at first 1.2,81 right font 'sans-serif,13' front
set label '4.4 %' at first 1.45,81 right font 'sans-serif,13' front
set label 'mlp.act dX' at graph 0,first 99 right offset -0.6,0 font 'sans-serif,13' front
set label '4.3 %' at first 1.45,99 right font 'sans-serif,13' front
set label 'mlp.up dX' at graph 0,first 117 right offset -0.6,0 font 'sans-serif,13' front
set label '96 %' at first 1.2,117 right font 'sans-serif,13' front
set label '4.1 %' at first 1.45,117 right font 'sans-serif,13' front
set label 'mlp.down dW' at graph 0,first 135 right offset -0.6,0 font 'sans-serif,13' front
set label '96 %' at first 1.2,135 right font 'sans-serif,13' front
set label '4.1 %' at first 1.45,135 right font 'sans-serif,13' front
set label 'mlp.down' at graph 0,first 153 right offset -0.6,0 font 'sans-serif,13' front
set label '97 %' at first 1.2,153 right font 'sans-serif,13' front
set label '4.1 %' at first 1.45,153 right font 'sans-serif,13' front
set label 'mlp.down dX' at graph 0,first 171 right offset -0.6,0 font 'sans-serif,13' front
set label '97 %' at first 1.2,171 right font 'sans-serif,13' front
set label '4.0 %' at first 1.45,171 right font 'sans-serif,13' front
set label 'mlp.up' at graph 0,first 189 right offset -0.6,0 font 'sans-serif,13' front
set label '98 %' at first 1.2,189 right font 'sans-serif,13' front
set label '4.0 %' at first 1.45,189 right font 'sans-serif,13' front
set label 'head.loss' at graph 0,first 207 right offset -0.6,0 font 'sans-serif,13' front
set label '3.9 %' at first 1.45,207 right font 'sans-serif,13' front
set label 'attn.qkv dW' at graph 0,first 225 right offset -0.6,0 font 'sans-serif,13' front
set label '86 %' at first 1.2,225 right font 'sans-serif,13' front
set label '3.4 %' at first 1.45,225 right font 'sans-serif,13' front
set label 'attn.values.left dX' at graph 0,first 243 right offset -0.6,0 font 'sans-serif,13' front
set label '22 %' at first 1.2,243 right font 'sans-serif,13' front
set label '3.4 %' at first 1.45,243 right font 'sans-serif,13' front
set label 'residual dX' at graph 0,first 261 right offset -0.6,0 font 'sans-serif,13' front
set label '3.2 %' at first 1.45,261 right font 'sans-serif,13' front
set label 'attn.qkv' at graph 0,first 279 right offset -0.6,0 font 'sans-serif,13' front
set label '92 %' at first 1.2,279 right font 'sans-serif,13' front
set label '3.2 %' at first 1.45,279 right font 'sans-serif,13' front
set label 'attn.qkv dX' at graph 0,first 297 right offset -0.6,0 font 'sans-serif,13' front
set label '98 %' at first 1.2,297 right font 'sans-serif,13' front
set label '3.0 %' at first 1.45,297 right font 'sans-serif,13' front
set label 'mlp.act' at graph 0,first 315 right offset -0.6,0 font 'sans-serif,13' front
set label '2.9 %' at first 1.45,315 right font 'sans-serif,13' front
set label 'attn.scores.right dX' at graph 0,first 333 right offset -0.6,0 font 'sans-serif,13' front
set label '29 %' at first 1.2,333 right font 'sans-serif,13' front
set label '2.5 %' at first 1.45,333 right font 'sans-serif,13' front
set label 'attn.scores.left dX' at graph 0,first 351 right offset -0.6,0 font 'sans-serif,13' front
set label '32 %' at first 1.2,351 right font 'sans-serif,13' front
set label '2.3 %' at first 1.45,351 right font 'sans-serif,13' front
set label 'attn.values.right dX' at graph 0,first 369 right offset -0.6,0 font 'sans-serif,13' front
set label '32 %' at first 1.2,369 right font 'sans-serif,13' front
set label '2.3 %' at first 1.45,369 right font 'sans-serif,13' front
set label 'attn.values' at graph 0,first 387 right offset -0.6,0 font 'sans-serif,13' front
set label '32 %' at first 1.2,387 right font 'sans-serif,13' front
set label '2.3 %' at first 1.45,387 right font 'sans-serif,13' front
set label 'attn.scores again' at graph 0,first 405 right offset -0.6,0 font 'sans-serif,13' front
set label '33 %' at first 1.2,405 right font 'sans-serif,13' front
set label '2.2 %' at first 1.45,405 right font 'sans-serif,13' front
set label 'optimizer' at graph 0,first 423 right offset -0.6,0 font 'sans-serif,13' front
set label '2.2 %' at first 1.45,423 right font 'sans-serif,13' front
set label 'norm dX' at graph 0,first 441 right offset -0.6,0 font 'sans-serif,13' front
set label '2.2 %' at first 1.45,441 right font 'sans-serif,13' front
set label 'attn.scores' at graph 0,first 459 right offset -0.6,0 font 'sans-serif,13' front
set label '34 %' at first 1.2,459 right font 'sans-serif,13' front
set label '2.2 %' at first 1.45,459 right font 'sans-serif,13' front
set label 'residual' at graph 0,first 477 right offset -0.6,0 font 'sans-serif,13' front
set label '2.2 %' at first 1.45,477 right font 'sans-serif,13' front
set label 'norm' at graph 0,first 495 right offset -0.6,0 font 'sans-serif,13' front
set label '1.5 %' at first 1.45,495 right font 'sans-serif,13' front
set label 'attn.out dW' at graph 0,first 513 right offset -0.6,0 font 'sans-serif,13' front
set label '77 %' at first 1.2,513 right font 'sans-serif,13' front
set label '1.3 %' at first 1.45,513 right font 'sans-serif,13' front
set label 'attn.out dX' at graph 0,first 531 right offset -0.6,0 font 'sans-serif,13' front
set label '93 %' at first 1.2,531 right font 'sans-serif,13' front
set label '1.1 %' at first 1.45,531 right font 'sans-serif,13' front
set label 'attn.out' at graph 0,first 549 right offset -0.6,0 font 'sans-serif,13' front
set label '96 %' at first 1.2,549 right font 'sans-serif,13' front
set label '1.0 %' at first 1.45,549 right font 'sans-serif,13' front
set label 'head.norm dX' at graph 0,first 567 right offset -0.6,0 font 'sans-serif,13' front
set label '0.1 %' at first 1.45,567 right font 'sans-serif,13' front
set label 'embed dX' at graph 0,first 585 right offset -0.6,0 font 'sans-serif,13' front
set label '0.1 %' at first 1.45,585 right font 'sans-serif,13' front
set label 'embed' at graph 0,first 603 right offset -0.6,0 font 'sans-serif,13' front
set label '0.1 %' at first 1.45,603 right font 'sans-serif,13' front
set label 'head.norm' at graph 0,first 621 right offset -0.6,0 font 'sans-serif,13' front
set label '0.1 %' at first 1.45,621 right font 'sans-serif,13' front
set label 'done' at first 1.2,-9 right font 'sans-serif,13' front
set label 'of step' at first 1.45,-9 right font 'sans-serif,13' front
set object rectangle from screen 0.0321,0.9269 to screen 0.0857,0.9426 fillcolor rgb '#0072b2' fillstyle solid 1 noborder
set label 'multiply-adds' at screen 0.1000,0.9347 left front
set object rectangle from screen 0.3536,0.9269 to screen 0.4071,0.9426 fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#0072b2'
set label 'padding, masked' at screen 0.4214,0.9347 left front
set object rectangle from screen 0.6750,0.9269 to screen 0.7286,0.9426 fillcolor rgb '#7f7f7f' fillstyle solid 1 noborder
set label 'tiles and fill' at screen 0.7429,0.9347 left front
set object rectangle from screen 0.0321,0.8982 to screen 0.0857,0.9138 fillcolor rgb '#d55e00' fillstyle solid 1 noborder
set label 'memory' at screen 0.1000,0.9060 left front
set object rectangle from screen 0.3536,0.8982 to screen 0.4071,0.9138 fillcolor rgb '#009e73' fillstyle pattern 5 border linecolor rgb '#009e73'
set label 'vector unit' at screen 0.4214,0.9060 left front
plot NaN, \
  $useful using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#0072b2' fillstyle solid 1 noborder, \
  $padding using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#0072b2', \
  $array using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#7f7f7f' fillstyle solid 1 noborder, \
  $memory using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#d55e00' fillstyle solid 1 noborder, \
  $vector using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#009e73' fillstyle pattern 5 border linecolor rgb '#009e73'
unset multiplot
set output
