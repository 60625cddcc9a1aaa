# draws parity-time.svg: gnuplot parity-time.gp
reset
set encoding utf8
set terminal svg size 560,520 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'parity-time.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Time of a step' at screen 0.0214,0.9577 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$judge << EOD
NaN NaN
0.126629 0.126817
0.0910311 0.0864937
0.0936778 0.0938108
0.0934082 0.0893525
0.118735 0.122111
0.103807 0.103382
0.102452 0.102272
0.106113 0.103804
0.10196 0.101277
0.180021 0.175641
0.13665 0.134817
0.118365 0.114783
0.0935497 0.0915806
0.0852773 0.0845053
0.0763119 0.073759
0.15563 0.152965
0.10681 0.104707
0.584622 0.648342
1.65931 1.63434
0.868961 0.859371
1.17095 1.20434
EOD
$fitted << EOD
NaN NaN
0.100509 0.0954174
0.0922218 0.0836123
0.0831152 0.0766244
0.16035 0.14269
0.134881 0.105025
0.0777434 0.0744668
0.119267 0.10469
0.109255 0.0764938
0.0956662 0.0853516
1.22344 1.18829
0.654508 0.664945
EOD
$simulated << EOD
NaN NaN
0.100509 0.120278
0.0922218 0.112392
0.0831152 0.0951967
0.16035 0.159147
0.134881 0.0319014
0.0777434 0.0990446
0.119267 0.120677
0.109255 0.0273771
0.0956662 0.117338
1.22344 1.36206
0.654508 0.788178
0.126629 0.149135
0.0910311 0.112945
0.0936778 0.112507
0.0934082 0.119088
0.118735 0.153305
0.103807 0.122942
0.102452 0.124113
0.106113 0.118699
0.10196 0.118172
0.180021 0.176792
0.13665 0.126708
0.118365 0.0310201
0.0935497 0.115762
0.0852773 0.107436
0.0763119 0.0924514
0.15563 0.1528
0.10681 0.0271389
0.584622 0.694295
1.65931 1.88193
0.868961 0.802728
1.17095 1.17317
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
set lmargin at screen 0.1250
set rmargin at screen 0.9536
set tmargin at screen 0.8577
set bmargin at screen 0.2308
set label 'predicted or simulated, s' at screen 0.0214,0.8885 left front
set label 'measured, s' at screen 0.5393,0.1423 center front
set logscale x
set xrange [0.0226158:2.25831]
set xtics nomirror out scale 0.5,0.25 ('' 0.03 1, '' 0.04 1, '0.05' 0.05, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '0.1' 0.1, '0.2' 0.2, '' 0.3 1, '' 0.4 1, '0.5' 0.5, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '2' 2)
set logscale y
set yrange [0.0226158:2.25831]
set ytics nomirror out scale 0.5,0.25 ('' 0.03 1, '' 0.04 1, '0.05' 0.05, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '0.1' 0.1, '0.2' 0.2, '' 0.3 1, '' 0.4 1, '0.5' 0.5, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '2' 2)
set arrow nohead from screen 0.0321,0.1038 to screen 0.0857,0.1038 linewidth 1.6 linecolor rgb '#000000'
set label 'as measured' at screen 0.1000,0.1038 left front
set label '' at screen 0.5429,0.1038 point pointtype 4 pointsize 0.8 linewidth 1.4 linecolor rgb '#d55e00'
set label 'simulated' at screen 0.5839,0.1038 left front
set label '' at screen 0.0589,0.0615 point pointtype 6 pointsize 0.7 linecolor rgb '#0072b2'
set label 'predicted, for calibration' at screen 0.1000,0.0615 left front
set label '' at screen 0.5429,0.0615 point pointtype 7 pointsize 0.7 linecolor rgb '#0072b2'
set label 'predicted' at screen 0.5839,0.0615 left front
plot NaN, \
  x with lines linewidth 1.6 linecolor rgb '#000000', \
  $simulated using 1:2 with points pointtype 4 pointsize 0.8 linewidth 1.4 linecolor rgb '#d55e00', \
  $fitted using 1:2 with points pointtype 6 pointsize 0.7 linecolor rgb '#0072b2', \
  $judge using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb '#0072b2'
unset multiplot
set output
