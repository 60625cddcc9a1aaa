# draws parity-executed.svg: gnuplot parity-executed.gp
reset
set encoding utf8
set terminal svg size 560,520 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'parity-executed.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'FLOPs of a step, as executed' at screen 0.0214,0.9577 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$judge << EOD
NaN NaN
3.07526e+10 3.07526e+10
2.00068e+10 2.00068e+10
2.24982e+10 2.24982e+10
2.08373e+10 2.08373e+10
2.96453e+10 2.96453e+10
2.48135e+10 2.48135e+10
2.36055e+10 2.36055e+10
2.43102e+10 2.43102e+10
2.43102e+10 2.43102e+10
2.61976e+10 2.61976e+10
1.87737e+10 1.87737e+10
2.00068e+10 2.00068e+10
2.07241e+10 2.07241e+10
1.89121e+10 1.89121e+10
1.7075e+10 1.7075e+10
2.16426e+10 2.16426e+10
1.76035e+10 1.76035e+10
1.52807e+11 1.52807e+11
3.98358e+11 3.98358e+11
1.26366e+11 1.26366e+11
1.73745e+11 1.73745e+11
EOD
$fitted << EOD
NaN NaN
2.43102e+10 2.43102e+10
2.03088e+10 2.03088e+10
1.94783e+10 1.94783e+10
2.43102e+10 2.43102e+10
2.43102e+10 2.43102e+10
1.71002e+10 1.71002e+10
1.71002e+10 1.71002e+10
1.71002e+10 1.71002e+10
2.13658e+10 2.13658e+10
3.28162e+11 3.28162e+11
1.61967e+11 1.61967e+11
EOD
$simulated << EOD
NaN NaN
2.43102e+10 NaN
2.03088e+10 NaN
1.94783e+10 NaN
2.43102e+10 NaN
2.43102e+10 NaN
1.71002e+10 NaN
1.71002e+10 NaN
1.71002e+10 NaN
2.13658e+10 NaN
3.28162e+11 NaN
1.61967e+11 NaN
3.07526e+10 NaN
2.00068e+10 NaN
2.24982e+10 NaN
2.08373e+10 NaN
2.96453e+10 NaN
2.48135e+10 NaN
2.36055e+10 NaN
2.43102e+10 NaN
2.43102e+10 NaN
2.61976e+10 NaN
1.87737e+10 NaN
2.00068e+10 NaN
2.07241e+10 NaN
1.89121e+10 NaN
1.7075e+10 NaN
2.16426e+10 NaN
1.76035e+10 NaN
1.52807e+11 NaN
3.98358e+11 NaN
1.26366e+11 NaN
1.73745e+11 NaN
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
set label 'predicted' at screen 0.0214,0.8885 left front
set label 'counted by the calls that ran' at screen 0.5393,0.1423 center front
set logscale x
set xrange [1.42292e+10:4.7803e+11]
set xtics nomirror out scale 0.5,0.25 ('20 G' 2e+10, '' 3e+10 1, '' 4e+10 1, '50 G' 5e+10, '' 6e+10 1, '' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 G' 1e+11, '200 G' 2e+11, '' 3e+11 1, '' 4e+11 1)
set logscale y
set yrange [1.42292e+10:4.7803e+11]
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
