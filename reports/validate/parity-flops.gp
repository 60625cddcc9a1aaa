# draws parity-flops.svg: gnuplot parity-flops.gp
reset
set encoding utf8
set terminal svg size 560,520 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'parity-flops.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'FLOPs of a step, the model''s own' at screen 0.0214,0.9577 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$judge << EOD
NaN NaN
3.02037e+10 3.02037e+10
1.91834e+10 1.91834e+10
2.19493e+10 2.19493e+10
1.97411e+10 1.97411e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
2.31573e+10 2.31573e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
2.53742e+10 2.53742e+10
1.83254e+10 1.83254e+10
1.91834e+10 1.91834e+10
2.01751e+10 2.01751e+10
1.65512e+10 1.65512e+10
1.65261e+10 1.65261e+10
1.81367e+10 1.81367e+10
1.65512e+10 1.65512e+10
1.44974e+11 1.44974e+11
3.86648e+11 3.86648e+11
1.25634e+11 1.25634e+11
1.71549e+11 1.71549e+11
EOD
$fitted << EOD
NaN NaN
2.37613e+10 2.37613e+10
1.96364e+10 1.96364e+10
1.89294e+10 1.89294e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
1.65512e+10 1.65512e+10
1.65512e+10 1.65512e+10
1.65512e+10 1.65512e+10
2.05424e+10 2.05424e+10
3.2216e+11 3.2216e+11
1.59772e+11 1.59772e+11
EOD
$simulated << EOD
NaN NaN
2.37613e+10 2.37613e+10
1.96364e+10 1.96364e+10
1.89294e+10 1.89294e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
1.65512e+10 1.65512e+10
1.65512e+10 1.65512e+10
1.65512e+10 1.65512e+10
2.05424e+10 2.05424e+10
3.2216e+11 3.2216e+11
1.59772e+11 1.59772e+11
3.02037e+10 3.02037e+10
1.91834e+10 1.91834e+10
2.19493e+10 2.19493e+10
1.97411e+10 1.97411e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
2.31573e+10 2.31573e+10
2.37613e+10 2.37613e+10
2.37613e+10 2.37613e+10
2.53742e+10 2.53742e+10
1.83254e+10 1.83254e+10
1.91834e+10 1.91834e+10
2.01751e+10 2.01751e+10
1.65512e+10 1.65512e+10
1.65261e+10 1.65261e+10
1.81367e+10 1.81367e+10
1.65512e+10 1.65512e+10
1.44974e+11 1.44974e+11
3.86648e+11 3.86648e+11
1.25634e+11 1.25634e+11
1.71549e+11 1.71549e+11
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
set label 'predicted or simulated' at screen 0.0214,0.8885 left front
set label 'counted by the calls that ran' at screen 0.5393,0.1423 center front
set logscale x
set xrange [1.37717e+10:4.63977e+11]
set xtics nomirror out scale 0.5,0.25 ('20 G' 2e+10, '' 3e+10 1, '' 4e+10 1, '50 G' 5e+10, '' 6e+10 1, '' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 G' 1e+11, '200 G' 2e+11, '' 3e+11 1, '' 4e+11 1)
set logscale y
set yrange [1.37717e+10:4.63977e+11]
set ytics nomirror out scale 0.5,0.25 ('20 G' 2e+10, '' 3e+10 1, '' 4e+10 1, '50 G' 5e+10, '' 6e+10 1, '' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 G' 1e+11, '200 G' 2e+11, '' 3e+11 1, '' 4e+11 1)
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
