# draws fit-fitted.svg: gnuplot fit-fitted.gp
reset
set encoding utf8
set terminal svg size 560,610 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'fit-fitted.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Fitted and measured loss' at screen 0.0214,0.9639 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$runs << EOD
NaN NaN
2.0655 2.07275
1.57781 1.58252
1.7141 1.71021
1.44553 1.44348
1.56714 1.56808
1.86961 1.86852
1.46627 1.46573
1.92313 1.92264
1.89144 1.89099
1.60734 1.60705
2.05236 2.05238
2.12438 2.1244
EOD
$odd << EOD
NaN NaN
1.70739 1.72282
1.44168 1.45179
1.76879 1.76207
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
set tmargin at screen 0.8787
set bmargin at screen 0.1803
set label 'fitted loss, nats a token' at screen 0.0214,0.9049 left front
set label 'measured loss, nats a token' at screen 0.5268,0.1049 center front
set xrange [1.41437:2.15171]
set xtics 0.1
set yrange [1.41437:2.15171]
set ytics 0.1
set label 'lines 9, 11' at graph 0.1939,graph 0.4183 left front
set label 'line 15' at graph 0.0590,graph 0.0275 left front
set arrow nohead from screen 0.0321,0.0557 to screen 0.0857,0.0557 linewidth 1.6 linecolor rgb '#000000'
set label 'fitted = measured' at screen 0.1000,0.0557 left front
set label '' at screen 0.3804,0.0557 point pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2'
set label 'run' at screen 0.4214,0.0557 left front
set label '' at screen 0.7018,0.0557 point pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00'
set label 'far off' at screen 0.7429,0.0557 left front
plot NaN, \
  x with lines linewidth 1.6 linecolor rgb '#000000', \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00'
unset multiplot
set output
