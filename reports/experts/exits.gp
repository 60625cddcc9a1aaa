# draws exits.svg: gnuplot exits.gp
reset
set encoding utf8
set terminal svg size 560,470 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'exits.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Early exit at inference' at screen 0.0214,0.9532 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$exits << EOD
NaN NaN
93.5187 -1.00708
101.89 -0.262451
106.472 -0.0106812
109.141 0
110.433 0
110.937 0
111.411 0
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
set lmargin at screen 0.1179
set rmargin at screen 0.9536
set tmargin at screen 0.8426
set bmargin at screen 0.2979
set label 'accuracy against the whole depth, points' at screen 0.0214,0.8766 left front
set label 'executed FLOP a token, % of the whole depth' at screen 0.5357,0.2000 center front
set xrange [91.5187:117.411]
set xtics 5
set yrange [-1.13765:0.130566]
set ytics 0.2
set label '0.2' at first 93.5187,first -1.00708 left offset 0.5,-0.6 front
set label '0.4' at first 101.89,first -0.262451 left offset 0.5,-0.6 front
set label '0.6' at first 106.472,first -0.0106812 left offset 0.5,-0.6 front
set label '0.8' at first 109.141,first 0 left offset 0.5,-0.6 front
set label '' at screen 0.0589,0.1404 point pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
set label 'leaves at this confidence' at screen 0.1000,0.1404 left front
plot NaN, \
  $exits using 1:2 with lines linewidth 1.6 linecolor rgb '#0072b2', \
  $exits using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
unset multiplot
set output
