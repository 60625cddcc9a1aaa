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
1.79755 1.84593
1.91914 1.87546
1.89691 1.85467
1.67577 1.70735
1.76157 1.73084
1.5349 1.56064
1.98359 2.00899
2.04264 2.06602
1.86829 1.85244
1.55249 1.56473
2.23798 2.25404
1.71043 1.70041
1.70541 1.69624
2.36173 2.35172
1.58895 1.58333
1.69021 1.69431
2.09211 2.0948
1.85031 1.84913
1.56841 1.56765
1.59614 1.59681
2.04627 2.04546
1.61949 1.62005
2.41587 2.4153
EOD
$odd << EOD
NaN NaN
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
set xrange [1.49966:2.45111]
set xtics 0.1
set yrange [1.49966:2.45111]
set ytics 0.1
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
