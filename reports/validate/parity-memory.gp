# draws parity-memory.svg: gnuplot parity-memory.gp
reset
set encoding utf8
set terminal svg size 560,520 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'parity-memory.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Resident memory above the idle process' at screen 0.0214,0.9577 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$judge << EOD
NaN NaN
124.006 123.998
113.164 113.155
112.439 112.431
119.849 119.84
95.6293 95.6214
119.747 119.739
107.123 107.115
99.8932 99.8849
92.6228 92.6139
95.7358 95.7228
109.703 109.696
89.8376 89.8245
164.2 164.189
152.658 152.646
110.469 110.457
79.6099 79.5989
83.5461 83.5354
321.913 321.952
730.759 730.781
382.939 382.968
1162.83 1162.81
EOD
$fitted << EOD
NaN NaN
121.926 121.901
119.833 119.824
106.242 106.23
100.938 100.93
100.938 100.93
148.464 148.452
133.259 133.247
97.0588 97.0476
95.5556 95.5471
745.861 743.695
1224.2 1221.86
EOD
$simulated << EOD
NaN NaN
121.926 NaN
119.833 NaN
106.242 NaN
100.938 NaN
100.938 NaN
148.464 NaN
133.259 NaN
97.0588 NaN
95.5556 NaN
745.861 NaN
1224.2 NaN
124.006 NaN
113.164 NaN
112.439 NaN
119.849 NaN
95.6293 NaN
119.747 NaN
107.123 NaN
99.8932 NaN
92.6228 NaN
95.7358 NaN
109.703 NaN
89.8376 NaN
164.2 NaN
152.658 NaN
110.469 NaN
79.6099 NaN
83.5461 NaN
321.913 NaN
730.759 NaN
382.939 NaN
1162.83 NaN
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
set label 'predicted, MB' at screen 0.0214,0.8885 left front
set label 'measured, MB' at screen 0.5393,0.1423 center front
set logscale x
set xrange [66.3324:1469.04]
set xtics nomirror out scale 0.5,0.25 ('' 70 1, '' 80 1, '' 90 1, '100' 100, '200' 200, '' 300 1, '' 400 1, '500' 500, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1 k' 1000)
set logscale y
set yrange [66.3324:1469.04]
set ytics nomirror out scale 0.5,0.25 ('' 70 1, '' 80 1, '' 90 1, '100' 100, '200' 200, '' 300 1, '' 400 1, '500' 500, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1 k' 1000)
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
