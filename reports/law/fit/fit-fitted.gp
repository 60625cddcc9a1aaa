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
2.25343 2.22158
1.98292 2.0012
1.71193 1.69704
1.67468 1.66146
2.25134 2.26903
1.52339 1.53522
1.65458 1.66666
1.65649 1.66666
1.81625 1.82472
1.52858 1.53522
2.06102 2.05302
2.36473 2.37267
2.0075 2.0012
1.81958 1.82472
1.98856 1.98308
1.53736 1.53354
1.70065 1.69704
1.80648 1.80954
1.53578 1.53354
2.05573 2.05302
2.21942 2.22158
1.85466 1.85286
1.66022 1.66146
2.26741 2.26903
1.55068 1.55127
1.55169 1.55127
1.85242 1.85286
1.98271 1.98308
EOD
$odd << EOD
NaN NaN
2.42901 2.37267
1.84094 1.80954
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
set xrange [1.48717:2.46523]
set xtics 0.1
set yrange [1.48717:2.46523]
set ytics 0.1
set label 'line 7' at graph 0.8960,graph 0.8666 left front
set label 'line 21' at graph 0.3837,graph 0.3296 left front
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
