# draws memory.svg: gnuplot memory.gp
reset
set encoding utf8
set terminal svg size 560,500 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'memory.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Memory of one chip' at screen 0.0214,0.9560 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$all0 << EOD
NaN NaN NaN NaN
0 20 1.66 2.34
0 0.716393 0.66 1.34
EOD
$all1 << EOD
NaN NaN NaN NaN
20 40 1.66 2.34
0.716393 1.43279 0.66 1.34
EOD
$all2 << EOD
NaN NaN NaN NaN
40 160 1.66 2.34
1.43279 5.73114 0.66 1.34
EOD
$all3 << EOD
NaN NaN NaN NaN
5.73114 11.1806 0.66 1.34
EOD
$all4 << EOD
NaN NaN NaN NaN
11.1806 11.7049 0.66 1.34
EOD
$all5 << EOD
NaN NaN NaN NaN
11.7049 12.2901 0.66 1.34
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
set lmargin at screen 0.2929
set rmargin at screen 0.9536
set tmargin at screen 0.8440
set bmargin at screen 0.7240
set label 'on one scale, GB on a chip' at screen 0.0214,0.8760 left front
set xrange [0:208]
set xtics 50
set yrange [0.4:2.6]
set ytics scale 0 ('6NTE rule, 10.0 B' 2, 'this plan, 358 M' 1)
set label '160 GB' at graph 1,first 2 right front
set label '12.3 GB' at graph 1,first 1 right front
set arrow nohead from first 16,graph 0 to first 16,graph 1 front linewidth 3.5 linecolor rgb '#000000'
plot NaN, \
  $all0 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#0072b2' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $all1 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#000000' linewidth 0.6, \
  $all2 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#009e73' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $all3 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#e69f00' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $all4 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#d55e00' fillstyle pattern 5 border linecolor rgb '#000000' linewidth 0.6, \
  $all5 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#7f7f7f' fillstyle solid 0.6 border linecolor rgb '#000000' linewidth 0.6
$chip0 << EOD
NaN NaN NaN NaN
0 0.716393 5.66 6.34
0 1.41164 4.66 5.34
0 1.1677 3.66 4.34
0 0.716393 2.66 3.34
0 0.364352 1.66 2.34
0 0.875011 0.66 1.34
EOD
$chip1 << EOD
NaN NaN NaN NaN
0.716393 1.43279 5.66 6.34
1.41164 2.82329 4.66 5.34
1.1677 2.33541 3.66 4.34
0.716393 1.43279 2.66 3.34
0.364352 0.728705 1.66 2.34
0.875011 1.75002 0.66 1.34
EOD
$chip2 << EOD
NaN NaN NaN NaN
1.43279 5.73114 5.66 6.34
2.82329 11.2932 4.66 5.34
2.33541 9.34164 3.66 4.34
1.43279 3.58196 2.66 3.34
0.728705 2.91482 1.66 2.34
1.75002 7.00008 0.66 1.34
EOD
$chip3 << EOD
NaN NaN NaN NaN
5.73114 11.1806 5.66 6.34
11.2932 12.4932 4.66 5.34
9.34164 12.0393 3.66 4.34
3.58196 9.03141 2.66 3.34
2.91482 12.6383 1.66 2.34
7.00008 10.4007 0.66 1.34
EOD
$chip4 << EOD
NaN NaN NaN NaN
11.1806 11.7049 5.66 6.34
12.4932 13.0175 4.66 5.34
12.0393 12.5636 3.66 4.34
9.03141 9.5557 2.66 3.34
12.6383 13.1626 1.66 2.34
10.4007 10.925 0.66 1.34
EOD
$chip5 << EOD
NaN NaN NaN NaN
11.7049 12.2901 5.66 6.34
13.0175 13.6683 4.66 5.34
12.5636 13.1918 3.66 4.34
9.5557 10.0335 2.66 3.34
13.1626 13.9339 1.66 2.34
10.925 11.4713 0.66 1.34
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
set lmargin at screen 0.2929
set rmargin at screen 0.9536
set tmargin at screen 0.5880
set bmargin at screen 0.2480
set label 'on the scale of the chip, GB' at screen 0.0214,0.6200 left front
set xrange [0:20.8]
set xtics 5
set yrange [0.4:6.6]
set ytics scale 0 ('this plan, 358 M' 6, 'experts-4, 706 M' 5, 'experts-8, 584 M' 4, 'adamw8bit, 358 M' 3, 'more-chips, 729 M' 2, 'fleet, 438 M' 1)
set label '12.3 GB' at graph 1,first 6 right front
set label '13.7 GB' at graph 1,first 5 right front
set label '13.2 GB' at graph 1,first 4 right front
set label '10.0 GB' at graph 1,first 3 right front
set label '13.9 GB' at graph 1,first 2 right front
set label '11.5 GB' at graph 1,first 1 right front
set arrow nohead from first 16,graph 0 to first 16,graph 1 front linewidth 3.5 linecolor rgb '#000000'
set object rectangle from screen 0.0321,0.1120 to screen 0.0857,0.1360 fillcolor rgb '#0072b2' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6
set label 'weights' at screen 0.1000,0.1240 left front
set object rectangle from screen 0.3536,0.1120 to screen 0.4071,0.1360 fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#000000' linewidth 0.6
set label 'gradients' at screen 0.4214,0.1240 left front
set object rectangle from screen 0.6750,0.1120 to screen 0.7286,0.1360 fillcolor rgb '#009e73' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6
set label 'optimizer' at screen 0.7429,0.1240 left front
set object rectangle from screen 0.0321,0.0680 to screen 0.0857,0.0920 fillcolor rgb '#e69f00' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6
set label 'activations' at screen 0.1000,0.0800 left front
set object rectangle from screen 0.3536,0.0680 to screen 0.4071,0.0920 fillcolor rgb '#d55e00' fillstyle pattern 5 border linecolor rgb '#000000' linewidth 0.6
set label 'logits' at screen 0.4214,0.0800 left front
set object rectangle from screen 0.6750,0.0680 to screen 0.7286,0.0920 fillcolor rgb '#7f7f7f' fillstyle solid 0.6 border linecolor rgb '#000000' linewidth 0.6
set label 'workspace' at screen 0.7429,0.0800 left front
set arrow nohead from screen 0.0321,0.0360 to screen 0.0857,0.0360 linewidth 3.5 linecolor rgb '#000000'
set label 'the chip: 16.0 GB' at screen 0.1000,0.0360 left front
plot NaN, \
  $chip0 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#0072b2' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $chip1 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#000000' linewidth 0.6, \
  $chip2 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#009e73' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $chip3 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#e69f00' fillstyle solid 1 border linecolor rgb '#000000' linewidth 0.6, \
  $chip4 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#d55e00' fillstyle pattern 5 border linecolor rgb '#000000' linewidth 0.6, \
  $chip5 using (($1+$2)/2):(($3+$4)/2):1:2:3:4 with boxxyerror fillcolor rgb '#7f7f7f' fillstyle solid 0.6 border linecolor rgb '#000000' linewidth 0.6
unset multiplot
set output
