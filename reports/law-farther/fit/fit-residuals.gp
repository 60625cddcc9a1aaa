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
2.83104e+11 -0.350064
1.1946e+13 -0.297794
3.19426e+12 0.2276
3.77782e+13 0.142134
1.0902e+13 -0.05994
8.9528e+11 0.0586008
4.12397e+13 0.0364036
1.0902e+12 0.0251426
1.00999e+12 0.0239544
1.25959e+13 0.0178875
2.58381e+11 -0.00114042
3.19426e+11 -0.000858971
EOD
$odd << EOD
NaN NaN
3.44734e+12 -0.534787
3.98355e+13 -0.534787
3.77767e+12 0.381045
EOD
$middle << EOD
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
set tmargin at screen 0.9157
set bmargin at screen 0.7153
set label 'measured over fitted loss less one, %' at screen 0.0214,0.9339 left front
set label 'training compute 6 N D, FLOP' at screen 0.5268,0.6629 center front
set logscale x
set xrange [2.1093e+11:5.0517e+13]
set xtics nomirror out scale 0.5,0.25 ('' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '10¹²' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10¹³' 1e+13, '' 2e+13 1, '' 3e+13 1, '' 4e+13 1, '' 5e+13 1)
set yrange [-0.620353:0.620353]
set ytics 0.2
set label 'line 9: -0.9 %' at graph 0.5320,graph 0.0690 left front
set label 'line 15: -0.7 %' at graph 0.7475,graph 0.1627 left front
set label 'line 11' at graph 0.5487,graph 0.8071 left front
set object rectangle from graph 0,first -0.416703 to graph 1,first 0.416703 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.0599759 to graph 1,first 0.0599759 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
32960 -0.350064
246336 -0.297794
67872 0.2276
246336 0.142134
115072 -0.05994
32960 0.0586008
656320 0.0364036
115072 0.0251426
67872 0.0239544
426752 0.0178875
20112 -0.00114042
67872 -0.000858971
EOD
$odd << EOD
NaN NaN
115072 -0.534787
426752 -0.534787
246336 0.381045
EOD
$middle << EOD
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
set tmargin at screen 0.6287
set bmargin at screen 0.4282
set label 'parameters N' at screen 0.5268,0.3759 center front
set logscale x
set xrange [17494.8:754505]
set xtics nomirror out scale 0.5,0.25 ('20 k' 20000, '' 30000 1, '' 40000 1, '50 k' 50000, '' 60000 1, '' 70000 1, '' 80000 1, '' 90000 1, '100 k' 100000, '200 k' 200000, '' 300000 1, '' 400000 1, '500 k' 500000, '' 600000 1, '' 700000 1)
set yrange [-0.620353:0.620353]
set ytics 0.2
set label 'line 9: -0.9 %' at graph 0.5224,graph 0.0690 left front
set label 'line 15: -0.7 %' at graph 0.7249,graph 0.1627 left front
set label 'line 11' at graph 0.7246,graph 0.8071 left front
set object rectangle from graph 0,first -0.416703 to graph 1,first 0.416703 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.0599759 to graph 1,first 0.0599759 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
1.43155e+06 -0.350064
8.08243e+06 -0.297794
7.84384e+06 0.2276
2.55601e+07 0.142134
1.57901e+07 -0.05994
4.5271e+06 0.0586008
1.04724e+07 0.0364036
1.57901e+06 0.0251426
2.48013e+06 0.0239544
4.9193e+06 0.0178875
2.14118e+06 -0.00114042
784384 -0.000858971
EOD
$odd << EOD
NaN NaN
4.99302e+06 -0.534787
1.55576e+07 -0.534787
2.5559e+06 0.381045
EOD
$middle << EOD
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
set tmargin at screen 0.3417
set bmargin at screen 0.1412
set label 'tokens D' at screen 0.5268,0.0888 center front
set logscale x
set xrange [682350:2.93821e+07]
set xtics nomirror out scale 0.5,0.25 ('' 700000 1, '' 800000 1, '' 900000 1, '1 M' 1e+06, '2 M' 2e+06, '' 3e+06 1, '' 4e+06 1, '5 M' 5e+06, '' 6e+06 1, '' 7e+06 1, '' 8e+06 1, '' 9e+06 1, '10 M' 1e+07, '20 M' 2e+07)
set yrange [-0.620353:0.620353]
set ytics 0.2
set label 'line 9: -0.9 %' at graph 0.5510,graph 0.0690 left front
set label 'line 15: -0.7 %' at graph 0.7073,graph 0.1627 left front
set label 'line 11' at graph 0.3730,graph 0.8071 left front
set object rectangle from graph 0,first -0.416703 to graph 1,first 0.416703 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.0599759 to graph 1,first 0.0599759 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
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
