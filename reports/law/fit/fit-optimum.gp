# draws fit-optimum.svg: gnuplot fit-optimum.gp
reset
set encoding utf8
set terminal svg size 560,870 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'fit-optimum.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'The best size for a budget' at screen 0.0214,0.9747 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$best << EOD
1.84765e+11 10787 5042.64 28678.7 NaN NaN NaN 264.645 1211.02 37.441 NaN NaN NaN
2.09278e+11 11721.8 5621.16 30048.4 NaN NaN NaN 253.854 1103.88 38.6306 NaN NaN NaN
2.37045e+11 12737.6 6266.06 31483.5 NaN NaN NaN 243.504 1006.21 39.8578 NaN NaN NaN
2.68495e+11 13841.4 6984.94 32829.9 NaN NaN NaN 233.575 917.19 41.5188 NaN NaN NaN
3.04118e+11 15040.8 7786.3 34110.9 NaN NaN NaN 224.051 836.042 43.5616 NaN NaN NaN
3.44467e+11 16344.2 8679.59 35441.9 NaN NaN NaN 214.915 762.074 45.7047 NaN NaN NaN
3.90169e+11 17760.6 9665.55 37191.7 NaN NaN NaN 206.152 696.063 47.0121 NaN NaN NaN
4.41935e+11 19299.6 10754.7 39371.8 NaN NaN NaN 197.747 636.813 47.5157 NaN NaN NaN
5.0057e+11 20972.1 11966.5 41042.1 NaN NaN NaN 189.684 582.606 49.5283 NaN NaN NaN
5.66983e+11 22789.5 13315 42884.8 NaN NaN NaN 181.949 533.014 51.3822 NaN NaN NaN
6.42208e+11 24764.3 14815.3 44761.8 NaN NaN NaN 174.53 487.643 53.4206 NaN NaN NaN
7.27414e+11 26910.3 16484.8 47359.6 NaN NaN NaN 167.414 446.134 54.0524 NaN NaN NaN
8.23924e+11 29242.3 18342.3 50314.8 NaN NaN NaN 160.588 408.158 54.2431 NaN NaN NaN
9.33239e+11 31776.4 20409.2 53989.9 NaN NaN NaN 154.04 373.414 53.3602 NaN NaN NaN
1.05706e+12 34530 22708.9 56965.5 NaN NaN NaN 147.759 341.628 54.2905 NaN NaN NaN
1.1973e+12 37522.3 25267.8 60977 NaN NaN NaN 141.734 312.548 53.6686 NaN NaN NaN
1.35616e+12 40773.9 28112.2 65781.3 NaN NaN NaN 135.955 286.002 52.2341 NaN NaN NaN
1.53609e+12 44307.2 31322.1 69773.1 NaN NaN NaN 130.412 260.954 52.5882 NaN NaN NaN
1.73989e+12 48146.7 34874.1 74469.4 NaN NaN NaN 125.094 238.431 52.2895 NaN NaN NaN
1.97073e+12 52319 38700.6 79955.7 NaN NaN NaN 119.993 219.301 51.378 NaN NaN NaN
2.2322e+12 56852.8 43058 87649.7 NaN NaN NaN 115.101 200.666 48.4263 NaN NaN NaN
2.52836e+12 61779.5 47860.6 94887.4 NaN NaN NaN 110.408 183.963 46.8026 NaN NaN NaN
2.86381e+12 67133.1 52930 102489 NaN NaN NaN 105.906 170.368 45.4402 NaN NaN NaN
3.24377e+12 72950.7 58175.6 111359 NaN NaN NaN 101.588 159.742 43.5963 NaN NaN NaN
3.67414e+12 79272.4 62715.4 123401 NaN NaN NaN 97.4454 155.688 40.2129 NaN NaN NaN
4.16161e+12 86141.9 67596 135394 NaN NaN NaN 93.4721 151.799 37.8365 NaN NaN NaN
4.71376e+12 93606.7 71308.5 149779 NaN NaN NaN 89.6608 154.502 35.02 NaN NaN NaN
5.33916e+12 101718 75094.3 165896 NaN NaN NaN 86.0049 157.8 32.3334 NaN NaN NaN
6.04754e+12 110533 80533.6 182317 NaN NaN NaN 82.4981 155.408 30.3231 NaN NaN NaN
6.84991e+12 120111 86365.2 201584 NaN NaN NaN 79.1343 153.058 28.0944 NaN NaN NaN
7.75872e+12 130520 92600.6 223842 NaN NaN NaN 75.9076 150.804 25.808 NaN NaN NaN
8.78812e+12 141830 99281.4 248558 NaN NaN NaN 72.8125 148.597 23.7077 NaN NaN NaN
9.9541e+12 154121 105848 275485 NaN NaN NaN 69.8436 148.077 21.8602 NaN NaN NaN
1.12748e+13 167477 114151 304862 NaN NaN NaN 66.9958 144.211 20.2185 NaN NaN NaN
1.27707e+13 181990 121354 337223 NaN NaN NaN 64.2641 144.529 18.7166 NaN NaN NaN
1.4465e+13 197760 128740 373019 NaN NaN NaN 61.6438 145.46 17.3263 NaN NaN NaN
1.63842e+13 214898 135623 412615 NaN NaN NaN 59.1303 148.458 16.0392 NaN NaN NaN
1.8558e+13 233520 144343 456414 NaN NaN NaN 56.7193 148.452 14.8478 NaN NaN NaN
2.10202e+13 253756 153917 504862 NaN NaN NaN 54.4066 147.88 13.7449 NaN NaN NaN
2.3809e+13 275746 161614 558452 NaN NaN NaN 52.1882 151.927 12.7238 NaN NaN NaN
2.69679e+13 299641 168108 617732 NaN NaN NaN 50.0602 159.044 11.7787 NaN NaN NaN
EOD
$vertex << EOD
1.1976e+12 43864.3 103.738
EOD
$bar << EOD
NaN NaN NaN
1.1976e+12 36827.7 147.166
1.1976e+12 52245.3 73.1249
NaN NaN NaN
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
set lmargin at screen 0.1321
set rmargin at screen 0.9536
set tmargin at screen 0.9149
set bmargin at screen 0.5356
set label 'parameters N*' at screen 0.0214,0.9333 left front
set label 'training compute, FLOP' at screen 0.5429,0.4828 center front
set logscale x
set xrange [1.84765e+11:2.69679e+13]
set xtics nomirror out scale 0.5,0.25 ('' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '10¹²' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10¹³' 1e+13, '' 2e+13 1)
set logscale y
set yrange [3965.07:785610]
set ytics nomirror out scale 0.5,0.25 ('' 4000 1, '5 k' 5000, '' 6000 1, '' 7000 1, '' 8000 1, '' 9000 1, '10 k' 10000, '20 k' 20000, '' 30000 1, '' 40000 1, '50 k' 50000, '' 60000 1, '' 70000 1, '' 80000 1, '' 90000 1, '100 k' 100000, '200 k' 200000, '' 300000 1, '' 400000 1, '500 k' 500000, '' 600000 1, '' 700000 1)
plot NaN, \
  $best using 1:3:4 with filledcurves fillcolor rgb '#009e73' fillstyle transparent solid 0.25 noborder, \
  $best using 1:2 with lines linewidth 2.5 linecolor rgb '#009e73', \
  $vertex using 1:2 with points pointtype 13 pointsize 0.95 linecolor rgb '#000000', \
  $bar using 1:2 with lines linewidth 1.6 linecolor rgb '#000000'
unset label
unset arrow
unset object
unset logscale
unset tics
set xtics nomirror out scale 0.5,0.25 offset 0,0.35 autofreq
set ytics nomirror out scale 0.5,0.25 autofreq
set autoscale
set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '#7f7f7f' dashtype (1,3)
set lmargin at screen 0.1321
set rmargin at screen 0.9536
set tmargin at screen 0.4299
set bmargin at screen 0.1540
set label 'tokens a parameter D*/N*' at screen 0.0214,0.4483 left front
set label 'training compute, FLOP' at screen 0.5429,0.1011 center front
set logscale x
set xrange [1.84765e+11:2.69679e+13]
set xtics nomirror out scale 0.5,0.25 ('' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1, '' 7e+11 1, '' 8e+11 1, '' 9e+11 1, '10¹²' 1e+12, '' 2e+12 1, '' 3e+12 1, '' 4e+12 1, '' 5e+12 1, '' 6e+12 1, '' 7e+12 1, '' 8e+12 1, '' 9e+12 1, '10¹³' 1e+13, '' 2e+13 1)
set logscale y
set yrange [5.87879:2426.39]
set ytics nomirror out scale 0.5,0.25 ('' 6 1, '' 7 1, '' 8 1, '' 9 1, '10' 10, '' 20 1, '30' 30, '' 40 1, '' 50 1, '' 60 1, '' 70 1, '' 80 1, '' 90 1, '100' 100, '' 200 1, '300' 300, '' 400 1, '' 500 1, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1000' 1000, '' 2000 1)
set arrow nohead from screen 0.0321,0.0667 to screen 0.0857,0.0667 linewidth 2.5 linecolor rgb '#009e73'
set label 'law' at screen 0.1000,0.0667 left front
set label '' at screen 0.3804,0.0667 point pointtype 13 pointsize 0.95 linecolor rgb '#000000'
set label 'vertex' at screen 0.4214,0.0667 left front
set object rectangle from screen 0.6750,0.0598 to screen 0.7286,0.0736 fillcolor rgb '#009e73' fillstyle transparent solid 0.25 noborder
set label 'law, 95 % of draws' at screen 0.7429,0.0667 left front
set arrow nohead from screen 0.0321,0.0414 to screen 0.0857,0.0414 linewidth 1.6 linecolor rgb '#000000'
set label 'vertex, 95 %' at screen 0.1000,0.0414 left front
plot NaN, \
  $best using 1:9:10 with filledcurves fillcolor rgb '#009e73' fillstyle transparent solid 0.25 noborder, \
  $best using 1:8 with lines linewidth 2.5 linecolor rgb '#009e73', \
  $vertex using 1:3 with points pointtype 13 pointsize 0.95 linecolor rgb '#000000', \
  $bar using 1:3 with lines linewidth 1.6 linecolor rgb '#000000'
unset multiplot
set output
