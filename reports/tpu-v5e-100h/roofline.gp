# draws roofline.svg: gnuplot roofline.gp
reset
set encoding utf8
set terminal svg size 560,552 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'roofline.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Roofline of one chip' at screen 0.0214,0.9601 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$forward << EOD
NaN NaN
1.25 1.02375e+12
859.301 1.97e+14
0.75 6.1425e+11
544 1.97e+14
544 1.97e+14
593.623 1.97e+14
954.202 1.97e+14
1.5 1.2285e+12
838.453 1.97e+14
0.166667 1.365e+11
1.25 1.02375e+12
1070.01 1.97e+14
2 1.638e+12
EOD
$recompute << EOD
NaN NaN
544 1.97e+14
EOD
$dgrad << EOD
NaN NaN
2.66667 2.184e+12
1070.01 1.97e+14
1.66667 1.365e+12
0.222222 1.82e+11
838.453 1.97e+14
2 1.638e+12
954.202 1.97e+14
593.623 1.97e+14
544 1.97e+14
544 1.97e+14
544 1.97e+14
544 1.97e+14
1 8.19e+11
859.301 1.97e+14
1.66667 1.365e+12
EOD
$wgrad << EOD
NaN NaN
1070.01 1.97e+14
838.453 1.97e+14
954.202 1.97e+14
593.623 1.97e+14
859.301 1.97e+14
EOD
$optimizer << EOD
NaN NaN
0.466667 3.822e+11
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
set tmargin at screen 0.8659
set bmargin at screen 0.2138
set label 'FLOP/s of one chip under its roofs' at screen 0.0214,0.8949 left front
set label 'FLOPs a byte to and from memory' at screen 0.5357,0.1304 center front
set logscale x
set xrange [0.0833333:6420.06]
set xtics nomirror out scale 0.5,0.25 ('' 0.09 1, '0.1' 0.1, '' 0.2 1, '' 0.3 1, '' 0.4 1, '' 0.5 1, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '' 2 1, '' 3 1, '' 4 1, '' 5 1, '' 6 1, '' 7 1, '' 8 1, '' 9 1, '10' 10, '' 20 1, '' 30 1, '' 40 1, '' 50 1, '' 60 1, '' 70 1, '' 80 1, '' 90 1, '100' 100, '' 200 1, '' 300 1, '' 400 1, '' 500 1, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1000' 1000, '' 2000 1, '' 3000 1, '' 4000 1, '' 5000 1, '' 6000 1)
set logscale y
set yrange [6.825e+10:3.13701e+16]
set ytics nomirror out scale 0.5,0.25 ('' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 G' 1e+11, '' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '1 T' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10 T' 1e+13, '' 2e+13 1, '' 3e+13 1, '' 4e+13 1, '' 5e+13 1, '' 6e+13 1, '' 7e+13 1, '' 8e+13 1, '' 9e+13 1, '100 T' 1e+14, '' 2e+14 1, '' 3e+14 1, '' 4e+14 1, '' 5e+14 1, '' 6e+14 1, '' 7e+14 1, '' 8e+14 1, '' 9e+14 1, '1 P' 1e+15, '' 2e+15 1, '' 3e+15 1, '' 4e+15 1, '' 5e+15 1, '' 6e+15 1, '' 7e+15 1, '' 8e+15 1, '' 9e+15 1, '10 P' 1e+16, '' 2e+16 1, '' 3e+16 1)
set arrow nohead from first 0.0833333,6.825e+10 to first 240.537,1.97e+14 back linewidth 3 linecolor rgb '#000000'
set label 'memory 819 GB/s' at first 10.8703,1.7089e+13 center rotate by 33.6 front
set arrow nohead from first 240.537,1.97e+14 to first 6420.06,1.97e+14 back linewidth 3 linecolor rgb '#000000'
set label 'bf16 peak 197 TFLOP/s' at first 240.537,1.97e+14 right offset -0.6,0.2 front
set arrow nohead from first 61.0501,5e+13 to first 6420.06,5e+13 back linewidth 2.4 dashtype (8,4) linecolor rgb '#d55e00'
set label 'this plan 50.0 TFLOP/s' at graph 0.99,first 5e+13 right offset 0,-0.75 front
set label 'attn.out 5 %' at first 593.623,4.19953e+14 right offset -0.4,0 front
set arrow nohead from first 593.623,1.97e+14 to first 593.623,4.19953e+14 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.down 14 %' at first 838.453,8.357e+14 right offset -0.4,0 front
set arrow nohead from first 838.453,1.97e+14 to first 838.453,8.357e+14 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'attn.qkv 15 %' at first 859.301,1.66303e+15 right offset -0.4,0 front
set arrow nohead from first 859.301,1.97e+14 to first 859.301,1.66303e+15 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.up 27 %' at first 954.202,3.3094e+15 right offset -0.4,0 front
set arrow nohead from first 954.202,1.97e+14 to first 954.202,3.3094e+15 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'head.logits 8 %' at first 1070.01,6.58566e+15 right offset -0.4,0 front
set arrow nohead from first 1070.01,1.97e+14 to first 1070.01,6.58566e+15 linewidth 0.8 linecolor rgb '#7f7f7f'
set label 'mlp.act 6 %' at first 1.5,1.2285e+12 left offset 1.6,-0.45 front
set label '' at screen 0.0589,0.0797 point pointtype 6 pointsize 1.6 linewidth 1.8 linecolor rgb '#0072b2'
set label 'forward' at screen 0.1000,0.0797 left front
set label '' at screen 0.3804,0.0797 point pointtype 8 pointsize 1.3 linewidth 1.8 linecolor rgb '#d55e00'
set label 'dgrad' at screen 0.4214,0.0797 left front
set label '' at screen 0.7018,0.0797 point pointtype 4 pointsize 0.8 linewidth 1.8 linecolor rgb '#009e73'
set label 'wgrad' at screen 0.7429,0.0797 left front
set label '' at screen 0.0589,0.0399 point pointtype 2 pointsize 0.9 linewidth 1.8 linecolor rgb '#000000'
set label 'recompute' at screen 0.1000,0.0399 left front
set label '' at screen 0.3804,0.0399 point pointtype 13 pointsize 1.2 linecolor rgb '#cc79a7'
set label 'optimizer' at screen 0.4214,0.0399 left front
plot NaN, \
  $forward with points pointtype 6 pointsize 1.6 linewidth 1.8 linecolor rgb '#0072b2', \
  $dgrad with points pointtype 8 pointsize 1.3 linewidth 1.8 linecolor rgb '#d55e00', \
  $wgrad with points pointtype 4 pointsize 0.8 linewidth 1.8 linecolor rgb '#009e73', \
  $recompute with points pointtype 2 pointsize 0.9 linewidth 1.8 linecolor rgb '#000000', \
  $optimizer with points pointtype 13 pointsize 1.2 linecolor rgb '#cc79a7'
unset multiplot
set output
