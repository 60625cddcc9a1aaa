# draws loss-compute.svg: gnuplot loss-compute.gp
reset
set encoding utf8
set terminal svg size 560,892 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'loss-compute.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Loss against compute' at screen 0.0214,0.9753 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$frontier << EOD
5e+17 3.71059 3.6491 3.77662 NaN
6.583e+17 3.61999 3.56119 3.68204 NaN
8.66718e+17 3.53371 3.47782 3.59245 NaN
1.14112e+18 3.45157 3.3981 3.50785 NaN
1.5024e+18 3.37336 3.32194 3.42733 3.37336
1.97806e+18 3.29889 3.24959 3.35097 3.29889
2.60431e+18 3.22798 3.18031 3.27883 3.22798
3.42883e+18 3.16047 3.1145 3.2101 3.16047
4.5144e+18 3.09618 3.05121 3.14455 3.09618
5.94366e+18 3.03498 2.99092 3.08261 3.03498
7.82542e+18 2.9767 2.93371 3.02315 2.9767
1.0303e+19 2.92121 2.8794 2.96686 2.92121
1.35649e+19 2.86838 2.8274 2.91374 2.86838
1.78595e+19 2.81808 2.7781 2.86289 2.81808
2.35138e+19 2.77018 2.73103 2.81457 2.77018
3.09583e+19 2.72457 2.68615 2.76821 2.72457
4.07597e+19 2.68115 2.64346 2.72416 2.68115
5.36642e+19 2.63981 2.60282 2.68203 2.63981
7.06542e+19 2.60044 2.56406 2.64229 2.60044
9.30233e+19 2.56296 2.52685 2.60453 2.56296
1.22474e+20 2.52727 2.49185 2.56838 2.52727
1.6125e+20 2.49329 2.45847 2.53357 2.49329
2.12302e+20 2.46094 2.4269 2.5007 2.46094
2.79516e+20 2.43013 2.39667 2.46947 2.43013
3.68011e+20 2.4008 2.36789 2.43998 2.4008
4.84523e+20 2.37287 2.34042 2.41148 2.37287
6.37923e+20 2.34628 2.31434 2.38481 2.34628
8.39889e+20 2.32096 2.28923 2.35933 2.32096
1.1058e+21 2.29685 2.26559 2.33467 2.29685
1.45589e+21 2.2739 2.24297 2.31186 2.2739
1.91683e+21 2.25204 2.22137 2.29016 2.25204
2.5237e+21 2.23123 2.20053 2.26894 2.23123
3.3227e+21 2.21142 2.18035 2.2494 2.21142
4.37466e+21 2.19255 2.16123 2.23095 2.19255
5.75968e+21 2.17459 2.14317 2.21274 2.17459
7.5832e+21 2.15749 2.12593 2.19533 2.15749
9.98404e+21 2.1412 2.11011 2.17911 2.1412
1.3145e+22 2.1257 2.09433 2.16457 NaN
1.73067e+22 2.11093 2.07924 2.14965 NaN
2.2786e+22 2.09688 2.06477 2.13546 NaN
3e+22 2.08349 2.05094 2.12231 NaN
EOD
$measured << EOD
NaN NaN NaN
9.9942e+18 5.0056 6.796e+09
9.22966e+18 4.6652 2.98e+09
9.75374e+18 3.7656 2.639e+09
9.62421e+18 3.7939 2.283e+09
9.77329e+18 3.447 2.007e+09
9.08775e+18 3.3957 1.731e+09
9.69275e+19 2.6283 2.98e+09
9.83766e+19 2.5853 2.639e+09
9.69381e+19 2.5776 2.007e+09
9.75054e+18 3.2856 1.609e+09
9.39625e+18 3.1318 1.266e+09
9.78365e+19 2.5545 1.266e+09
9.38817e+18 2.9987 6.322e+08
9.30934e+18 2.9852 5.866e+08
9.41357e+19 2.566 8.163e+08
8.9254e+19 2.566 6.322e+08
2.92446e+19 2.7698 1.266e+09
5.13041e+18 3.0714 3.056e+08
5.61429e+18 3.0485 1.749e+08
5.39968e+18 3.0577 1.397e+08
5.77125e+18 3.0945 7.382e+07
5.7995e+18 3.1601 5.733e+07
1.39697e+18 3.4059 7.382e+07
6.08262e+20 2.5241 1.257e+10
2.78421e+19 2.7368 6.322e+08
8.99478e+18 2.9497 2.167e+08
2.99133e+20 2.5241 6.796e+09
2.98869e+20 2.4569 4.516e+09
5.62513e+20 2.388 4.516e+09
2.92793e+21 2.2864 1.618e+10
3.01868e+21 2.266 1.145e+10
1.95923e+20 2.4866 2.007e+09
1.01201e+21 2.3595 9.293e+09
2.44164e+21 2.2592 9.293e+09
1.37297e+19 2.9058 1.397e+08
2.39627e+19 2.7906 2.167e+08
2.98869e+21 2.2057 4.516e+09
5.87168e+20 2.3314 2.007e+09
1.98641e+21 2.2491 4.516e+09
6.83027e+19 2.66 2.784e+08
5.53445e+20 2.3702 1.266e+09
5.49533e+20 2.3987 8.163e+08
5.44704e+20 2.4459 6.322e+08
2.70411e+20 2.4643 5.866e+08
2.95621e+21 2.2057 2.639e+09
1.29586e+22 2.0774 6.796e+09
EOD
$optimum << EOD
1.8e+19 2.81668
EOD
$plan << EOD
1.79989e+19 2.8369
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
set lmargin at screen 0.0821
set rmargin at screen 0.9536
set tmargin at screen 0.9170
set bmargin at screen 0.6256
set label 'loss, nats a token' at screen 0.0214,0.9350 left front
set label 'training compute, FLOP' at screen 0.5179,0.5740 center front
set logscale x
set xrange [5e+17:3e+22]
set xtics nomirror out scale 0.5,0.25 ('' 5e+17 1, '' 6e+17 1, '' 7e+17 1, '' 8e+17 1, '' 9e+17 1, '10¹⁸' 1e+18, '' 2e+18 1, '' 3e+18 1, '' 4e+18 1, '' 5e+18 1, '' 6e+18 1, '' 7e+18 1, '' 8e+18 1, '' 9e+18 1, '10¹⁹' 1e+19, '' 2e+19 1, '' 3e+19 1, '' 4e+19 1, '' 5e+19 1, '' 6e+19 1, '' 7e+19 1, '' 8e+19 1, '' 9e+19 1, '10²⁰' 1e+20, '' 2e+20 1, '' 3e+20 1, '' 4e+20 1, '' 5e+20 1, '' 6e+20 1, '' 7e+20 1, '' 8e+20 1, '' 9e+20 1, '10²¹' 1e+21, '' 2e+21 1, '' 3e+21 1, '' 4e+21 1, '' 5e+21 1, '' 6e+21 1, '' 7e+21 1, '' 8e+21 1, '' 9e+21 1, '10²²' 1e+22, '' 2e+22 1, '' 3e+22 1)
set yrange [1.44998:5.1556]
set ytics 1
set label 'irreducible loss E' at graph 0.99,graph 0.05 right front
set label 'this budget' at first 1.8e+19,graph 0.05 left offset 0.6,0 front
set arrow nohead from first 1.8e+19,graph 0 to first 1.8e+19,graph 1 back linewidth 1.2 dashtype (2,3) linecolor rgb '#000000'
set arrow nohead from screen 0.0321,0.5426 to screen 0.0857,0.5426 linewidth 3 linecolor rgb '#0072b2'
set label 'best run' at screen 0.1000,0.5426 left front
set arrow nohead from screen 0.3536,0.5426 to screen 0.4071,0.5426 linewidth 1.6 dashtype (6,4) linecolor rgb '#0072b2'
set label 'extrapolated' at screen 0.4214,0.5426 left front
set object rectangle from screen 0.6750,0.5359 to screen 0.7286,0.5493 fillcolor rgb '#0072b2' fillstyle transparent solid 0.22 noborder
set label '95 % of new runs' at screen 0.7429,0.5426 left front
set label '' at screen 0.0589,0.5179 point pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '#000000'
set label 'measured run' at screen 0.1000,0.5179 left front
set label '' at screen 0.3804,0.5179 point pointtype 6 pointsize 1.9 linewidth 2 linecolor rgb '#0072b2'
set label 'optimum' at screen 0.4214,0.5179 left front
set label '' at screen 0.7018,0.5179 point pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
set label 'recommended' at screen 0.7429,0.5179 left front
plot NaN, \
  $frontier using 1:5 with lines linewidth 3 linecolor rgb '#0072b2', \
  $frontier using 1:2 with lines linewidth 1.6 dashtype (6,4) linecolor rgb '#0072b2', \
  $frontier using 1:3:4 with filledcurves fillcolor rgb '#0072b2' fillstyle transparent solid 0.22 noborder, \
  1.8172 with lines linewidth 2 dashtype (2,3) linecolor rgb '#009e73', \
  $measured using 1:2 with points pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '#000000', \
  $optimum using 1:2 with points pointtype 6 pointsize 1.9 linewidth 2 linecolor rgb '#0072b2', \
  $plan using 1:2 with points pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
$isoflop << EOD
7.77491e+06 4.03096 3.87174 3.80316
8.54923e+06 3.97803 3.81318 3.74217
9.40066e+06 3.92748 3.75681 3.68329
1.03369e+07 3.87927 3.70256 3.62645
1.13664e+07 3.83334 3.65039 3.57159
1.24984e+07 3.78965 3.60024 3.51865
1.37431e+07 3.74815 3.55204 3.46758
1.51118e+07 3.7088 3.50576 3.4183
1.66168e+07 3.67155 3.46133 3.37079
1.82717e+07 3.63636 3.41872 3.32497
2.00914e+07 3.6032 3.37787 3.28081
2.20924e+07 3.57204 3.33874 3.23825
2.42926e+07 3.54283 3.30129 3.19725
2.67119e+07 3.51556 3.26548 3.15776
2.93722e+07 3.49019 3.23127 3.11975
3.22975e+07 3.46669 3.19863 3.08316
3.5514e+07 3.44505 3.16751 3.04797
3.90509e+07 3.42524 3.13789 3.01413
4.29401e+07 3.40724 3.10974 2.9816
4.72166e+07 3.39104 3.08303 2.95036
5.1919e+07 3.37661 3.05772 2.92036
5.70897e+07 3.36396 3.03379 2.89158
6.27753e+07 3.35305 3.01121 2.86398
6.90272e+07 3.34389 2.98997 2.83753
7.59018e+07 3.33646 2.97004 2.81221
8.3461e+07 3.33077 2.9514 2.78799
9.1773e+07 3.3268 2.93403 2.76485
1.00913e+08 3.32456 2.91791 2.74275
1.10963e+08 3.32405 2.90302 2.72167
1.22014e+08 3.32527 2.88936 2.7016
1.34166e+08 3.32821 2.8769 2.68251
1.47527e+08 3.3329 2.86564 2.66438
1.6222e+08 3.33934 2.85556 2.64719
1.78376e+08 3.34753 2.84666 2.63092
1.96141e+08 3.35749 2.83892 2.61556
2.15675e+08 3.36924 2.83235 2.60109
2.37154e+08 3.38279 2.82692 2.5875
2.60773e+08 3.39817 2.82265 2.57476
2.86743e+08 3.41538 2.81953 2.56288
3.15301e+08 3.43445 2.81754 2.55183
3.46702e+08 3.45542 2.81671 2.5416
3.81231e+08 3.4783 2.81702 2.53219
4.19198e+08 3.50313 2.81848 2.52358
4.60947e+08 3.52993 2.82109 2.51577
5.06854e+08 3.55875 2.82485 2.50875
5.57332e+08 3.58961 2.82978 2.50251
6.12838e+08 3.62256 2.83588 2.49704
6.73872e+08 3.65764 2.84316 2.49235
7.40984e+08 3.69489 2.85163 2.48842
8.1478e+08 3.73437 2.8613 2.48525
8.95925e+08 3.77611 2.87219 2.48285
9.85152e+08 3.82017 2.88431 2.48121
1.08327e+09 3.8666 2.89767 2.48033
1.19115e+09 3.91547 2.91229 2.4802
1.30978e+09 3.96682 2.9282 2.48084
1.44022e+09 4.02074 2.94541 2.48224
1.58366e+09 4.07727 2.96394 2.48441
1.74138e+09 4.1365 2.98383 2.48734
1.9148e+09 4.19849 3.00508 2.49105
2.1055e+09 4.26331 3.02774 2.49554
2.31519e+09 4.33106 3.05182 2.50082
2.54577e+09 4.40181 3.07736 2.50689
2.7993e+09 4.47564 3.10439 2.51376
3.07809e+09 4.55266 3.13295 2.52144
3.38464e+09 4.63294 3.16306 2.52995
3.72173e+09 4.7166 3.19477 2.53928
4.09238e+09 4.80372 3.22812 2.54946
4.49995e+09 4.89443 3.26314 2.5605
4.94811e+09 4.98882 3.29988 2.57242
5.4409e+09 5.08701 3.33839 2.58521
5.98277e+09 5.18912 3.37871 2.59892
6.5786e+09 5.29528 3.42089 2.61354
7.23378e+09 5.40561 3.46498 2.6291
7.9542e+09 5.52025 3.51104 2.64562
8.74638e+09 5.63933 3.55912 2.66312
9.61745e+09 5.76301 3.60929 2.68162
1.05753e+10 5.89143 3.66159 2.70115
1.16285e+10 6.02474 3.71611 2.72172
1.27866e+10 6.16311 3.77289 2.74337
1.406e+10 6.30671 3.83202 2.76611
1.54603e+10 6.4557 3.89356 2.78999
1.7e+10 6.61028 3.95759 2.81502
EOD
$near << EOD
NaN NaN NaN
9.9942e+18 5.0056 6.796e+09
9.22966e+18 4.6652 2.98e+09
9.75374e+18 3.7656 2.639e+09
9.62421e+18 3.7939 2.283e+09
9.77329e+18 3.447 2.007e+09
9.08775e+18 3.3957 1.731e+09
9.75054e+18 3.2856 1.609e+09
9.39625e+18 3.1318 1.266e+09
9.38817e+18 2.9987 6.322e+08
9.30934e+18 2.9852 5.866e+08
2.92446e+19 2.7698 1.266e+09
2.78421e+19 2.7368 6.322e+08
1.37297e+19 2.9058 1.397e+08
2.39627e+19 2.7906 2.167e+08
EOD
$best << EOD
3.54353e+08 2.81668
EOD
$plan << EOD
3.58196e+08 2.8369
EOD
$rule << EOD
1e+10 3.63051
EOD
$nearest << EOD
6.796e+09 5.0056
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
set lmargin at screen 0.0821
set rmargin at screen 0.9536
set tmargin at screen 0.4283
set bmargin at screen 0.1368
set label 'loss, nats a token, at a fixed compute' at screen 0.0214,0.4462 left front
set label 'parameters' at screen 0.5179,0.0852 center front
set logscale x
set xrange [7.77491e+06:1.7e+10]
set xtics nomirror out scale 0.5,0.25 ('' 8e+06 1, '' 9e+06 1, '10 M' 1e+07, '' 2e+07 1, '30 M' 3e+07, '' 4e+07 1, '' 5e+07 1, '' 6e+07 1, '' 7e+07 1, '' 8e+07 1, '' 9e+07 1, '100 M' 1e+08, '' 2e+08 1, '300 M' 3e+08, '' 4e+08 1, '' 5e+08 1, '' 6e+08 1, '' 7e+08 1, '' 8e+08 1, '' 9e+08 1, '1 B' 1e+09, '' 2e+09 1, '3 B' 3e+09, '' 4e+09 1, '' 5e+09 1, '' 6e+09 1, '' 7e+09 1, '' 8e+09 1, '' 9e+09 1, '10 B' 1e+10)
set yrange [2.28026:5.30544]
set ytics 0.5
set arrow nohead from screen 0.0321,0.0538 to screen 0.0857,0.0538 linewidth 3 linecolor rgb '#0072b2'
set label 'this budget' at screen 0.1000,0.0538 left front
set arrow nohead from screen 0.3536,0.0538 to screen 0.4071,0.0538 linewidth 2 dashtype (2,3) linecolor rgb '#009e73'
set label 'a tenth of it' at screen 0.4214,0.0538 left front
set arrow nohead from screen 0.6750,0.0538 to screen 0.7286,0.0538 linewidth 2 dashtype (8,4) linecolor rgb '#000000'
set label 'ten times it' at screen 0.7429,0.0538 left front
set label '' at screen 0.0589,0.0291 point pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '#000000'
set label 'measured, 0.5 - 2x' at screen 0.1000,0.0291 left front
set label '' at screen 0.3804,0.0291 point pointtype 3 pointsize 1.4 linewidth 2.2 linecolor rgb '#cc79a7'
set label '6NTE rule, by law' at screen 0.4214,0.0291 left front
set label '' at screen 0.7018,0.0291 point pointtype 5 pointsize 1 linecolor rgb '#000000'
set label 'measured near it' at screen 0.7429,0.0291 left front
plot NaN, \
  $isoflop using 1:3 with lines linewidth 3 linecolor rgb '#0072b2', \
  $isoflop using 1:2 with lines linewidth 2 dashtype (2,3) linecolor rgb '#009e73', \
  $isoflop using 1:4 with lines linewidth 2 dashtype (8,4) linecolor rgb '#000000', \
  $near using 3:2 with points pointtype 4 pointsize 0.75 linewidth 1 linecolor rgb '#000000', \
  $best using 1:2 with points pointtype 6 pointsize 1.9 linewidth 2 linecolor rgb '#0072b2', \
  $plan using 1:2 with points pointtype 13 pointsize 1.3 linecolor rgb '#d55e00', \
  $rule using 1:2 with points pointtype 3 pointsize 1.4 linewidth 2.2 linecolor rgb '#cc79a7', \
  $nearest using 1:2 with points pointtype 5 pointsize 1 linecolor rgb '#000000'
unset multiplot
set output
