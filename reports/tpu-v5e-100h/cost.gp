# draws cost.svg: gnuplot cost.gp
reset
set encoding utf8
set terminal svg size 560,502 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'cost.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'What a lower loss costs' at screen 0.0214,0.9562 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$costs << EOD
15 3.26525 3.1885 3.34668 3.26525
17.8381 3.22119 3.14572 3.30067 3.22119
21.2132 3.17848 3.10458 3.25606 3.17848
25.2269 3.13707 3.06456 3.21276 3.13707
30 3.09691 3.02663 3.17094 3.09691
35.6762 3.05798 2.98897 3.13036 3.05798
42.4264 3.02023 2.95249 3.09102 3.02023
50.4538 2.98363 2.91742 3.05289 2.98363
60 2.94815 2.88346 3.01602 2.94815
71.3524 2.91374 2.85056 2.98015 2.91374
84.8528 2.88038 2.81888 2.94579 2.88038
100.908 2.84804 2.78778 2.91195 2.84804
120 2.81668 2.75771 2.87917 2.81668
142.705 2.78627 2.72835 2.84754 2.78627
169.706 2.75679 2.69993 2.81684 2.75679
201.815 2.72821 2.67238 2.78696 2.72821
240 2.70049 2.64566 2.75864 2.70049
285.41 2.67362 2.61978 2.73083 2.67362
339.411 2.64757 2.59506 2.70374 2.64757
403.63 2.6223 2.57109 2.67728 2.6223
480 2.59781 2.5476 2.65202 2.59781
570.819 2.57408 2.52507 2.62731 2.57408
678.823 2.55156 2.50403 2.60345 2.55156
807.261 2.53042 2.48524 2.58077 2.53042
960 2.51059 2.46711 2.55974 2.51059
EOD
$plan << EOD
119.992 2.8369
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
set tmargin at screen 0.7291
set bmargin at screen 0.2351
set label 'cost, US dollars' at screen 0.5179,0.1434 center front
set logscale x
set xrange [12:1680]
set xtics nomirror out scale 0.5,0.25 ('$20' 20, '' 30 1, '' 40 1, '$50' 50, '' 60 1, '' 70 1, '' 80 1, '' 90 1, '$100' 100, '$200' 200, '' 300 1, '' 400 1, '$500' 500, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '$1000' 1000)
set label 'loss, nats a token' at screen 0.0214,0.8845 left front
set logscale x2
set x2range [12:1680]
set x2tics nomirror out scale 0.5,0.25 ('' 12.5874 1, '' 16.7832 1, '5' 20.979, '' 25.1748 1, '' 29.3706 1, '' 33.5664 1, '' 37.7622 1, '10' 41.958, '20' 83.9161, '' 125.874 1, '' 167.832 1, '50' 209.79, '' 251.748 1, '' 293.706 1, '' 335.664 1, '' 377.622 1, '100' 419.58, '200' 839.161, '' 1258.74 1, '' 1678.32 1)
set label 'energy, kWh' at graph 0.5,screen 0.8327 center front
set border 7
set yrange [2.41433:3.43464]
set ytics 0.2
$doublings << EOD
15 3.26525
30 3.09691
60 2.94815
120 2.81668
240 2.70049
480 2.59781
960 2.51059
EOD
set label '12.5 h' at first 15,3.26525 left offset 0.5,0.75 front
set label '25 h' at first 30,3.09691 left offset 0.5,0.75 front
set label '50 h' at first 60,2.94815 left offset 0.5,0.75 front
set label '100 h' at first 120,2.81668 left offset 0.5,0.75 front
set label '200 h' at first 240,2.70049 left offset 0.5,0.75 front
set label '16.7 d' at first 480,2.59781 left offset 0.5,0.75 front
set label '33.3 d' at first 960,2.51059 left offset 0.5,0.75 front
set object rectangle from screen 0.0321,0.0757 to screen 0.0857,0.0996 fillcolor rgb '#0072b2' fillstyle transparent solid 0.22 noborder
set label '95 %, spread of throughput' at screen 0.1000,0.0876 left front
set arrow nohead from screen 0.5161,0.0876 to screen 0.5696,0.0876 linewidth 3 linecolor rgb '#0072b2'
set label 'best run for the hours' at screen 0.5839,0.0876 left front
set label '' at screen 0.5429,0.0876 point pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
set label '' at screen 0.0589,0.0438 point pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
set label 'recommended' at screen 0.1000,0.0438 left front
plot NaN, \
  $costs using 1:3:4 with filledcurves fillcolor rgb '#0072b2' fillstyle transparent solid 0.22 noborder, \
  $costs using 1:2 with lines linewidth 3 linecolor rgb '#0072b2', \
  $doublings using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#0072b2', \
  $plan using 1:2 with points pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
unset multiplot
set output
