# draws fit-residuals.svg: gnuplot fit-residuals.gp
reset
set encoding utf8
set terminal svg size 560,878 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'fit-residuals.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'What the law leaves over' at screen 0.0214,0.9749 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$runs << EOD
NaN NaN
1.18926e+12 -2.62115
1.22604e+12 2.32881
1.21323e+12 2.27733
3.76059e+12 -1.84915
3.51328e+12 1.77547
1.41136e+13 -1.64911
3.83645e+11 -1.26438
3.75999e+11 -1.13171
1.11095e+12 0.855959
1.33311e+13 -0.781902
1.21298e+11 -0.71275
4.21583e+12 0.589588
3.87668e+12 0.540852
1.11176e+11 0.425739
1.22598e+13 0.354456
3.96405e+12 -0.242231
3.96572e+11 -0.128184
1.25352e+12 0.0637447
1.40364e+13 0.0488979
1.25348e+13 -0.0415301
3.51348e+11 0.0398571
1.1892e+13 -0.0344487
1.18926e+11 0.0235367
EOD
$odd << EOD
NaN NaN
EOD
$middle << EOD
NaN NaN
3.51348e+11 -0.128184
1.22604e+12 0.855959
1.22598e+13 -0.0344487
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
set tmargin at screen 0.9157
set bmargin at screen 0.7153
set label 'measured over fitted loss less one, %' at screen 0.0214,0.9339 left front
set label 'training compute 6 N D, FLOP' at screen 0.5268,0.6629 center front
set logscale x
set xrange [9.15937e+10:1.7131e+13]
set xtics nomirror out scale 0.5,0.25 ('10¹¹' 1e+11, '' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '10¹²' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10¹³' 1e+13)
set yrange [-3.04054:3.04054]
set ytics 1
set object rectangle from graph 0,first -1.34513 to graph 1,first 1.34513 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.589588 to graph 1,first 0.589588 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
48880 -2.62115
95616 2.32881
20608 2.27733
48880 -1.84915
32960 1.77547
251520 -1.64911
20608 -1.26438
48880 -1.13171
32960 0.855959
164352 -0.781902
20608 -0.71275
164352 0.589588
95616 0.540852
32960 0.425739
95616 0.354456
67872 -0.242231
67872 -0.128184
67872 0.0637447
328480 0.0488979
67872 -0.0415301
32960 0.0398571
48880 -0.0344487
48880 0.0235367
EOD
$odd << EOD
NaN NaN
EOD
$middle << EOD
NaN NaN
32960 0.425739
48880 -0.128184
164352 0.354456
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
set tmargin at screen 0.6287
set bmargin at screen 0.4282
set label 'parameters N' at screen 0.5268,0.3759 center front
set logscale x
set xrange [18447.5:366951]
set xtics nomirror out scale 0.5,0.25 ('20 k' 20000, '' 30000 1, '' 40000 1, '50 k' 50000, '' 60000 1, '' 70000 1, '' 80000 1, '' 90000 1, '100 k' 100000, '200 k' 200000, '' 300000 1)
set yrange [-3.04054:3.04054]
set ytics 1
set object rectangle from graph 0,first -1.34513 to graph 1,first 1.34513 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.589588 to graph 1,first 0.589588 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
4.05504e+06 -2.62115
2.13709e+06 2.32881
9.81197e+06 2.27733
1.28225e+07 -1.84915
1.77654e+07 1.77547
9.35219e+06 -1.64911
3.10272e+06 -1.26438
1.28205e+06 -1.13171
5.61766e+06 0.855959
1.35188e+07 -0.781902
980992 -0.71275
4.2752e+06 0.589588
6.75738e+06 0.540852
562176 0.425739
2.13699e+07 0.354456
9.73414e+06 -0.242231
973824 -0.128184
3.07814e+06 0.0637447
7.12192e+06 0.0488979
3.07804e+07 -0.0415301
1.77664e+06 0.0398571
4.05484e+07 -0.0344487
405504 0.0235367
EOD
$odd << EOD
NaN NaN
EOD
$middle << EOD
NaN NaN
980992 0.0235367
4.2752e+06 0.0637447
1.35188e+07 -0.0415301
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
set tmargin at screen 0.3417
set bmargin at screen 0.1412
set label 'tokens D' at screen 0.5268,0.0888 center front
set logscale x
set xrange [337284:4.87497e+07]
set xtics nomirror out scale 0.5,0.25 ('' 400000 1, '500 k' 500000, '' 600000 1, '' 700000 1, '' 800000 1, '' 900000 1, '1 M' 1e+06, '2 M' 2e+06, '' 3e+06 1, '' 4e+06 1, '5 M' 5e+06, '' 6e+06 1, '' 7e+06 1, '' 8e+06 1, '' 9e+06 1, '10 M' 1e+07, '20 M' 2e+07, '' 3e+07 1, '' 4e+07 1)
set yrange [-3.04054:3.04054]
set ytics 1
set object rectangle from graph 0,first -1.34513 to graph 1,first 1.34513 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.589588 to graph 1,first 0.589588 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
set object rectangle from screen 0.0321,0.0478 to screen 0.0857,0.0615 fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set label 'within 1 sd' at screen 0.1000,0.0547 left front
set object rectangle from screen 0.3536,0.0478 to screen 0.4071,0.0615 fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set label 'half of the runs' at screen 0.4214,0.0547 left front
set arrow nohead from screen 0.6750,0.0547 to screen 0.7286,0.0547 linewidth 3 linecolor rgb '#000000'
set label 'running median' at screen 0.7429,0.0547 left front
set label '' at screen 0.0589,0.0296 point pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2'
set label 'run' at screen 0.1000,0.0296 left front
set label '' at screen 0.3804,0.0296 point pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00'
set label 'far off' at screen 0.4214,0.0296 left front
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
unset multiplot
set output
