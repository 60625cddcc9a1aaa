# draws experts.svg: gnuplot experts.gp
reset
set encoding utf8
set terminal svg size 560,470 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'experts.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Experts against dense, at equal FLOP' at screen 0.0214,0.9532 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$dense0 << EOD
NaN NaN
2.73811e+11 2.13525
8.65922e+11 1.97313
2.73842e+12 1.78277
EOD
$family0 << EOD
NaN NaN
2.73878e+11 2.17624
8.65987e+11 1.88868
2.73848e+12 1.69945
EOD
$family1 << EOD
NaN NaN
2.73878e+11 2.10221
8.65987e+11 1.86098
2.73857e+12 1.66507
EOD
$dense2 << EOD
NaN NaN
2.73811e+11 2.13398
8.65933e+11 1.95174
2.73842e+12 1.79775
EOD
$family2 << EOD
NaN NaN
2.73878e+11 2.17029
8.65987e+11 1.89235
2.73857e+12 1.71135
EOD
$family3 << EOD
NaN NaN
2.73878e+11 2.08654
8.65987e+11 1.86338
2.73857e+12 1.6894
EOD
$dense4 << EOD
NaN NaN
2.73811e+11 2.17428
8.65867e+11 2.04482
2.73826e+12 2.0293
EOD
$family4 << EOD
NaN NaN
2.73878e+11 2.19976
8.66021e+11 2.01132
2.73843e+12 2.24888
EOD
$family5 << EOD
NaN NaN
2.73878e+11 2.16048
8.66021e+11 1.99966
2.73848e+12 2.27291
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
set lmargin at screen 0.1000
set rmargin at screen 0.9536
set tmargin at screen 0.8426
set bmargin at screen 0.2979
set label 'held-out loss, nats a byte-level token' at screen 0.0214,0.8766 left front
set label 'training FLOP, counted' at screen 0.5268,0.2000 center front
set logscale x
set xrange [1.82541e+11:4.10785e+12]
set xtics nomirror out scale 0.5,0.25 ('200 G' 2e+11, '' 3e+11 1, '' 4e+11 1, '500 G' 5e+11, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '1 T' 1e+12, '2 T' 2e+12, '' 3e+12 1, '' 4e+12 1)
set yrange [1.62468:2.31331]
set ytics 0.1
set arrow nohead from screen 0.0321,0.1404 to screen 0.0857,0.1404 linewidth 2.4 linecolor rgb '#000000'
set label 'dense' at screen 0.1000,0.1404 left front
set arrow nohead from screen 0.5161,0.1404 to screen 0.5696,0.1404 linewidth 1.6 linecolor rgb '#0072b2'
set label 'e8k1' at screen 0.5839,0.1404 left front
set arrow nohead from screen 0.0321,0.0936 to screen 0.0857,0.0936 linewidth 1.6 linecolor rgb '#d55e00'
set label 'e8k2' at screen 0.1000,0.0936 left front
plot NaN, \
  $dense0 using 1:2 with lines linewidth 2.4 linecolor rgb '#000000', \
  $family0 using 1:2 with lines linewidth 1.6 linecolor rgb '#0072b2', \
  $family1 using 1:2 with lines linewidth 1.6 linecolor rgb '#d55e00', \
  $dense2 using 1:2 with lines linewidth 2.4 linecolor rgb '#000000' dashtype (5,4), \
  $family2 using 1:2 with lines linewidth 1.6 linecolor rgb '#0072b2' dashtype (5,4), \
  $family3 using 1:2 with lines linewidth 1.6 linecolor rgb '#d55e00' dashtype (5,4), \
  $dense4 using 1:2 with lines linewidth 2.4 linecolor rgb '#000000' dashtype (1,2), \
  $family4 using 1:2 with lines linewidth 1.6 linecolor rgb '#0072b2' dashtype (1,2), \
  $family5 using 1:2 with lines linewidth 1.6 linecolor rgb '#d55e00' dashtype (1,2)
unset multiplot
set output
