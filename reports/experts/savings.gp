# draws savings.svg: gnuplot savings.gp
reset
set encoding utf8
set terminal svg size 560,456 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'savings.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'What experts save at equal loss' at screen 0.0214,0.9518 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$at0 << EOD
NaN NaN
25.5424 6.25
41.5231 5.25
20.346 4.25
39.5576 3.25
9.51702 2.25
25.6177 1.25
EOD
$within0 << EOD
NaN NaN
-2.94398 6.25
30.3143 6.25
NaN NaN
20.947 5.25
46.3312 5.25
NaN NaN
-1.83016 4.25
31.9524 4.25
NaN NaN
20.2953 3.25
48.5611 3.25
NaN NaN
-18.1252 2.25
18.9265 2.25
NaN NaN
6.38305 1.25
38.3609 1.25
NaN NaN
EOD
$at1 << EOD
NaN NaN
6.37164 6
26.3511 5
-13.5511 4
10.9784 3
-14.9649 2
3.34996 1
EOD
$within1 << EOD
NaN NaN
-22.6726 6
14.1288 6
NaN NaN
10.0713 5
32.8759 5
NaN NaN
-22.6994 4
14.2107 4
NaN NaN
9.19794 3
33.9801 3
NaN NaN
-46.1072 2
4.73766 2
NaN NaN
-4.9995 1
36.2656 1
NaN NaN
EOD
$at2 << EOD
NaN NaN
51.1411 5.75
48.9932 4.75
51.0999 3.75
48.7603 2.75
58.299 1.75
52.484 0.75
EOD
$within2 << EOD
NaN NaN
48.0128 5.75
56.3982 5.75
NaN NaN
41.5215 4.75
53.8044 4.75
NaN NaN
49.2355 3.75
53.6361 3.75
NaN NaN
41.925 2.75
53.4872 2.75
NaN NaN
54.3653 1.75
60 1.75
NaN NaN
29.2945 0.75
60 0.75
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
set lmargin at screen 0.3393
set rmargin at screen 0.9536
set tmargin at screen 0.8377
set bmargin at screen 0.2588
set label 'saving at equal loss, % (below 0: they cost more)' at screen 0.6464,0.1579 center front
set xrange [-100:60]
set xtics 50
set yrange [0.4:6.6]
set ytics scale 0 ('8 experts, 1 used, all' 6, '8 experts, 2 used, all' 5, '8 experts, 1 used, 563 k' 4, '8 experts, 2 used, 563 k' 3, '8 experts, 1 used, 70.4 k' 2, '8 experts, 2 used, 70.4 k' 1)
set object rectangle from first 20,graph 0 to first 30,graph 1 behind fillcolor rgb '#7f7f7f' fillstyle solid 0.25 noborder
set arrow nohead from first 0,graph 0 to first 0,graph 1 linewidth 1 linecolor rgb '#000000'
set label '' at screen 0.0589,0.1053 point pointtype 7 pointsize 0.8 linecolor rgb '#0072b2'
set label 'in FLOP' at screen 0.1000,0.1053 left front
set label '' at screen 0.5429,0.1053 point pointtype 7 pointsize 0.8 linecolor rgb '#d55e00'
set label 'in wall clock' at screen 0.5839,0.1053 left front
set label '' at screen 0.0589,0.0570 point pointtype 7 pointsize 0.8 linecolor rgb '#009e73'
set label 'at equal total parameters' at screen 0.1000,0.0570 left front
set object rectangle from screen 0.5161,0.0439 to screen 0.5696,0.0702 fillcolor rgb '#7f7f7f' fillstyle solid 0.25 noborder
set label 'what the paper announces' at screen 0.5839,0.0570 left front
plot NaN, \
  $within0 using 1:2 with lines linewidth 1.8 linecolor rgb '#0072b2', \
  $within1 using 1:2 with lines linewidth 1.8 linecolor rgb '#d55e00', \
  $within2 using 1:2 with lines linewidth 1.8 linecolor rgb '#009e73', \
  $at0 using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#0072b2', \
  $at1 using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#d55e00', \
  $at2 using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb '#009e73'
unset multiplot
set output
