# draws roofline.svg: gnuplot roofline.gp
reset
set encoding utf8
set terminal svg size 560,560 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'roofline.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'What each operation reached, and its roof' at screen 0.0214,0.9607 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$forward << EOD
NaN NaN
1.25 8.61149e+11
285.491 1.81174e+14
368.64 6.65985e+13
368.64 6.32193e+13
379.552 1.87995e+14
472.615 1.92384e+14
2 1.40669e+12
472.615 1.89916e+14
0.166667 1.15749e+11
1.25 8.55457e+11
692.496 1.95371e+14
2 1.41644e+12
EOD
$dgrad << EOD
NaN NaN
2.66667 1.89174e+12
692.496 1.91339e+14
1.66667 1.04647e+12
0.222222 1.55177e+11
472.615 1.90856e+14
2.66667 1.87453e+12
472.615 1.88819e+14
379.552 1.82834e+14
224.78 4.26224e+13
368.64 6.32122e+13
368.64 6.31954e+13
368.64 5.70919e+13
504.986 1.92333e+14
1.66667 1.15446e+12
EOD
$wgrad << EOD
NaN NaN
708.119 1.85063e+14
603.092 1.89226e+14
603.092 1.74895e+14
379.552 1.50453e+14
566.05 1.69925e+14
EOD
$recompute << EOD
NaN NaN
368.64 6.45678e+13
EOD
$optimizer << EOD
NaN NaN
0.466667 3.32028e+11
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
set tmargin at screen 0.8679
set bmargin at screen 0.2107
set label 'FLOP/s of the chip under its roofs' at screen 0.0214,0.8964 left front
set label 'FLOPs for each byte moved' at screen 0.5357,0.1286 center front
set logscale x
set xrange [0.0833333:3540.6]
set xtics nomirror out scale 0.5,0.25 ('' 0.09 1, '0.1' 0.1, '' 0.2 1, '' 0.3 1, '' 0.4 1, '' 0.5 1, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '' 2 1, '' 3 1, '' 4 1, '' 5 1, '' 6 1, '' 7 1, '' 8 1, '' 9 1, '10' 10, '' 20 1, '' 30 1, '' 40 1, '' 50 1, '' 60 1, '' 70 1, '' 80 1, '' 90 1, '100' 100, '' 200 1, '' 300 1, '' 400 1, '' 500 1, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1000' 1000, '' 2000 1, '' 3000 1)
set logscale y
set yrange [5.78746e+10:2.3593e+15]
set ytics nomirror out scale 0.5,0.25 ('' 6e+10 1, '' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 G' 1e+11, '' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '1 T' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10 T' 1e+13, '' 2e+13 1, '' 3e+13 1, '' 4e+13 1, '' 5e+13 1, '' 6e+13 1, '' 7e+13 1, '' 8e+13 1, '' 9e+13 1, '100 T' 1e+14, '' 2e+14 1, '' 3e+14 1, '' 4e+14 1, '' 5e+14 1, '' 6e+14 1, '' 7e+14 1, '' 8e+14 1, '' 9e+14 1, '1 P' 1e+15, '' 2e+15 1)
set arrow nohead from first 282.421,1.96608e+14 to first 3540.6,1.96608e+14 back linewidth 3 linecolor rgb '#000000'
set label 'bf16 matrix units 197 TFLOP/s' at screen 0.7410,0.7212 right front
set arrow nohead from first 8.82565,6.144e+12 to first 3540.6,6.144e+12 back linewidth 2 dashtype (2,3) linecolor rgb '#000000'
set label 'vector unit 6.14 TFLOP/s' at screen 0.9464,0.5191 right front
set arrow nohead from first 0.0833333,5.80127e+10 to first 282.421,1.96608e+14 back linewidth 3 linecolor rgb '#000000'
set label 'memory 696 GB/s' at screen 0.4211,0.4821 center rotate by 38.3 front
set arrow nohead from screen 0.8274,0.7103 to screen 0.8274,0.7478 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'head.logits 17 %' at screen 0.8274,0.7639 center front
set arrow nohead from screen 0.8148,0.7068 to screen 0.8148,0.6230 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.up 13 %' at screen 0.8346,0.6070 center front
set arrow nohead from screen 0.8148,0.7117 to screen 0.6019,0.7837 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.down 12 %' at screen 0.6019,0.7998 right front
set label 'head.loss 10 %' at screen 0.4094,0.4184 left front
set arrow nohead from screen 0.8098,0.7050 to screen 0.6267,0.6452 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'attn.qkv 10 %' at screen 0.6267,0.6292 right front
set arrow nohead from screen 0.3896,0.4260 to screen 0.4101,0.3926 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.act 7 %' at screen 0.4101,0.3765 left front
set label 'residual 5 %' at screen 0.2158,0.2676 left front
set arrow nohead from screen 0.7762,0.6451 to screen 0.6821,0.6680 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'attn.scores 4 %' at screen 0.6821,0.6841 right front
set label '' at screen 0.0589,0.0786 point pointtype 6 pointsize 1.5 linewidth 1.8 linecolor rgb '#0072b2'
set label 'forward' at screen 0.1000,0.0786 left front
set label '' at screen 0.3804,0.0786 point pointtype 8 pointsize 1.3 linewidth 1.8 linecolor rgb '#d55e00'
set label 'dgrad' at screen 0.4214,0.0786 left front
set label '' at screen 0.7018,0.0786 point pointtype 4 pointsize 0.9 linewidth 1.8 linecolor rgb '#009e73'
set label 'wgrad' at screen 0.7429,0.0786 left front
set label '' at screen 0.0589,0.0393 point pointtype 2 pointsize 0.9 linewidth 1.8 linecolor rgb '#000000'
set label 'recompute' at screen 0.1000,0.0393 left front
set label '' at screen 0.3804,0.0393 point pointtype 13 pointsize 1.2 linecolor rgb '#cc79a7'
set label 'optimizer' at screen 0.4214,0.0393 left front
plot NaN, \
  $forward with points pointtype 6 pointsize 1.5 linewidth 1.8 linecolor rgb '#0072b2', \
  $dgrad with points pointtype 8 pointsize 1.3 linewidth 1.8 linecolor rgb '#d55e00', \
  $wgrad with points pointtype 4 pointsize 0.9 linewidth 1.8 linecolor rgb '#009e73', \
  $recompute with points pointtype 2 pointsize 0.9 linewidth 1.8 linecolor rgb '#000000', \
  $optimizer with points pointtype 13 pointsize 1.2 linecolor rgb '#cc79a7'
unset multiplot
set output
