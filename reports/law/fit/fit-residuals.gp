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
1.17019e+11 1.43379
4.0562e+11 -0.913425
5.41375e+12 0.877366
4.57747e+12 0.795615
1.28389e+11 -0.779229
1.71191e+13 -0.770182
4.94053e+12 -0.724777
4.94053e+12 -0.609815
1.44743e+12 -0.464561
1.71191e+13 -0.432183
4.57872e+11 0.389444
1.44701e+11 -0.334928
4.0562e+11 0.314909
1.44743e+12 -0.282079
3.7021e+11 0.276344
1.56226e+13 0.248938
5.41375e+12 0.212688
1.28288e+12 -0.169238
1.56226e+13 0.14627
4.57872e+11 0.132199
1.17019e+11 -0.0969901
1.56248e+12 0.0968391
4.57747e+12 -0.0745922
1.28389e+11 -0.0713692
1.80522e+13 -0.0382517
1.80522e+13 0.0268347
1.56248e+12 -0.023723
3.7021e+11 -0.0185848
EOD
$odd << EOD
NaN NaN
1.44701e+11 2.37436
1.28288e+12 1.73528
EOD
$middle << EOD
NaN NaN
1.28389e+11 -0.0713692
4.0562e+11 0.276344
1.44743e+12 -0.023723
4.94053e+12 0.212688
1.71191e+13 0.0268347
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
set xrange [9.56589e+10:2.20832e+13]
set xtics nomirror out scale 0.5,0.25 ('10¹¹' 1e+11, '' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '10¹²' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10¹³' 1e+13, '' 2e+13 1)
set yrange [-2.75426:2.75426]
set ytics 1
set label 'line 7' at graph 0.0981,graph 0.9310 left front
set label 'line 21' at graph 0.4991,graph 0.8150 left front
set object rectangle from graph 0,first -0.799225 to graph 1,first 0.799225 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.282877 to graph 1,first 0.282877 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
20112 1.43379
32960 -0.913425
246336 0.877366
67872 0.795615
32960 -0.779229
246336 -0.770182
115072 -0.724777
115072 -0.609815
67872 -0.464561
246336 -0.432183
67872 0.389444
67872 -0.334928
32960 0.314909
67872 -0.282079
20112 0.276344
115072 0.248938
246336 0.212688
32960 -0.169238
115072 0.14627
67872 0.132199
20112 -0.0969901
115072 0.0968391
67872 -0.0745922
32960 -0.0713692
426752 -0.0382517
426752 0.0268347
115072 -0.023723
20112 -0.0185848
EOD
$odd << EOD
NaN NaN
67872 2.37436
32960 1.73528
EOD
$middle << EOD
NaN NaN
32960 -0.0185848
67872 0.132199
115072 0.0968391
246336 0.0268347
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
set xrange [17798.6:482219]
set xtics nomirror out scale 0.5,0.25 ('20 k' 20000, '' 30000 1, '' 40000 1, '50 k' 50000, '' 60000 1, '' 70000 1, '' 80000 1, '' 90000 1, '100 k' 100000, '200 k' 200000, '' 300000 1, '' 400000 1)
set yrange [-2.75426:2.75426]
set ytics 1
set label 'line 7' at graph 0.4277,graph 0.9310 left front
set label 'line 21' at graph 0.2088,graph 0.8150 left front
set object rectangle from graph 0,first -0.799225 to graph 1,first 0.799225 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.282877 to graph 1,first 0.282877 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
set arrow nohead from graph 0,first 0 to graph 1,first 0 back linewidth 1 linecolor rgb '#000000'
plot NaN, \
  $runs using 1:2 with points pointtype 6 pointsize 0.55 linewidth 1.2 linecolor rgb '#0072b2', \
  $odd using 1:2 with points pointtype 8 pointsize 1 linewidth 1.8 linecolor rgb '#d55e00', \
  $middle using 1:2 with lines linewidth 3 linecolor rgb '#000000'
$runs << EOD
NaN NaN
969728 1.43379
2.05107e+06 -0.913425
3.66285e+06 0.877366
1.12404e+07 0.795615
649216 -0.779229
1.15825e+07 -0.770182
7.15571e+06 -0.724777
7.15571e+06 -0.609815
3.5543e+06 -0.464561
1.15825e+07 -0.432183
1.12435e+06 0.389444
355328 -0.334928
2.05107e+06 0.314909
3.5543e+06 -0.282079
3.0679e+06 0.276344
2.26273e+07 0.248938
3.66285e+06 0.212688
6.48704e+06 -0.169238
2.26273e+07 0.14627
1.12435e+06 0.132199
969728 -0.0969901
2.26304e+06 0.0968391
1.12404e+07 -0.0745922
649216 -0.0713692
7.05024e+06 -0.0382517
7.05024e+06 0.0268347
2.26304e+06 -0.023723
3.0679e+06 -0.0185848
EOD
$odd << EOD
NaN NaN
355328 2.37436
6.48704e+06 1.73528
EOD
$middle << EOD
NaN NaN
649216 -0.0713692
2.05107e+06 0.132199
3.5543e+06 0.212688
7.05024e+06 -0.0382517
1.15825e+07 0.14627
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
set xrange [300933:2.67174e+07]
set xtics nomirror out scale 0.5,0.25 ('' 400000 1, '500 k' 500000, '' 600000 1, '' 700000 1, '' 800000 1, '' 900000 1, '1 M' 1e+06, '2 M' 2e+06, '' 3e+06 1, '' 4e+06 1, '5 M' 5e+06, '' 6e+06 1, '' 7e+06 1, '' 8e+06 1, '' 9e+06 1, '10 M' 1e+07, '20 M' 2e+07)
set yrange [-2.75426:2.75426]
set ytics 1
set label 'line 7' at graph 0.0590,graph 0.9310 left front
set label 'line 21' at graph 0.7065,graph 0.8150 left front
set object rectangle from graph 0,first -0.799225 to graph 1,first 0.799225 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set object rectangle from graph 0,first -0.282877 to graph 1,first 0.282877 back fillcolor rgb '#0072b2' fillstyle transparent solid 0.25 noborder
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
