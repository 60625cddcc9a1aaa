# draws size-hours.svg: gnuplot size-hours.gp
reset
set encoding utf8
set terminal svg size 560,518 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'size-hours.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Model size against hours on this hardware' at screen 0.0214,0.9575 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$sizes << EOD
6.25 6.25e+08 8.55439e+07 9.98922e+07 9.77751e+07 5.4655e+07 1.67938e+08 1.27976e+08 6.45562e+07 1.10766e+08
12.5 1.25e+09 1.2204e+08 1.37075e+08 1.38275e+08 9.06529e+07 2.40706e+08 1.90171e+08 9.14214e+07 1.56322e+08
25 2.5e+09 1.74105e+08 1.88099e+08 1.9555e+08 1.5036e+08 3.45004e+08 2.82593e+08 1.29467e+08 2.20613e+08
50 5e+09 2.48384e+08 2.58116e+08 2.7655e+08 2.49394e+08 4.94495e+08 4.19932e+08 1.83344e+08 3.11346e+08
100 1e+10 3.54353e+08 3.54196e+08 3.911e+08 4.13654e+08 7.08761e+08 6.24016e+08 2.59644e+08 4.39395e+08
200 2e+10 5.0553e+08 4.86039e+08 5.531e+08 6.86103e+08 1.01587e+09 9.27284e+08 3.67695e+08 6.20108e+08
400 4e+10 7.21205e+08 6.6696e+08 7.82201e+08 1.138e+09 1.45605e+09 1.37794e+09 5.20712e+08 8.75143e+08
800 8e+10 1.02889e+09 9.15224e+08 1.1062e+09 1.88753e+09 2.08696e+09 2.04761e+09 7.37407e+08 1.23507e+09
1600 1.6e+11 1.46785e+09 1.2559e+09 1.5644e+09 3.13072e+09 2.99124e+09 3.04274e+09 1.04428e+09 1.74302e+09
EOD
$plan << EOD
99.9937 3.58196e+08
EOD
$rule << EOD
100 1e+10
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
set tmargin at screen 0.8571
set bmargin at screen 0.3166
set label 'parameters' at screen 0.0214,0.8880 left front
set label 'hours on 1 x TPU v5e' at screen 0.5357,0.2278 center front
set logscale x
set xrange [6.25:1600]
set xtics nomirror out scale 0.5,0.25 ('' 7 1, '' 8 1, '' 9 1, '10' 10, '' 20 1, '30' 30, '' 40 1, '' 50 1, '' 60 1, '' 70 1, '' 80 1, '' 90 1, '100' 100, '' 200 1, '300' 300, '' 400 1, '' 500 1, '' 600 1, '' 700 1, '' 800 1, '' 900 1, '1000' 1000)
set logscale y
set yrange [2.73275e+07:6.4e+11]
set ytics nomirror out scale 0.5,0.25 ('' 3e+07 1, '' 4e+07 1, '' 5e+07 1, '' 6e+07 1, '' 7e+07 1, '' 8e+07 1, '' 9e+07 1, '100 M' 1e+08, '' 2e+08 1, '' 3e+08 1, '' 4e+08 1, '' 5e+08 1, '' 6e+08 1, '' 7e+08 1, '' 8e+08 1, '' 9e+08 1, '1 B' 1e+09, '' 2e+09 1, '' 3e+09 1, '' 4e+09 1, '' 5e+09 1, '' 6e+09 1, '' 7e+09 1, '' 8e+09 1, '' 9e+09 1, '10 B' 1e+10, '' 2e+10 1, '' 3e+10 1, '' 4e+10 1, '' 5e+10 1, '' 6e+10 1, '' 7e+10 1, '' 8e+10 1, '' 9e+10 1, '100 B' 1e+11, '' 2e+11 1, '' 3e+11 1, '' 4e+11 1, '' 5e+11 1, '' 6e+11 1)
set object rectangle from graph 0,first 7.75e+08 to graph 1,graph 1 back fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set arrow nohead from graph 0,first 7.75e+08 to graph 1,first 7.75e+08 back linewidth 3 linecolor rgb '#000000'
set label 'more than 775 M: does not fit' at graph 0.015,graph 0.95 left front
set label '10.0 B' at first 100,1e+10 right offset -0.8,0.7 front
set arrow nohead from screen 0.0321,0.1737 to screen 0.0857,0.1737 linewidth 3 dashtype (10,3,3,3) linecolor rgb '#cc79a7'
set label '6NTE rule' at screen 0.1000,0.1737 left front
set arrow nohead from screen 0.3536,0.1737 to screen 0.4071,0.1737 dashtype solid linecolor rgb '#0072b2' linewidth 3
set label 'Besiroglu 2024' at screen 0.4214,0.1737 left front
set label '' at screen 0.3804,0.1737 point pointtype 6 pointsize 0.9 linecolor rgb '#0072b2'
set arrow nohead from screen 0.6750,0.1737 to screen 0.7286,0.1737 dashtype (8,4) linecolor rgb '#009e73' linewidth 1.6
set label 'Hoffmann 2022' at screen 0.7429,0.1737 left front
set label '' at screen 0.7018,0.1737 point pointtype 4 pointsize 0.9 linecolor rgb '#009e73'
set arrow nohead from screen 0.0321,0.1313 to screen 0.0857,0.1313 dashtype (2,3) linecolor rgb '#000000' linewidth 1.6
set label 'Muennighoff 2023' at screen 0.1000,0.1313 left front
set label '' at screen 0.0589,0.1313 point pointtype 8 pointsize 0.9 linecolor rgb '#000000'
set arrow nohead from screen 0.3536,0.1313 to screen 0.4071,0.1313 dashtype (8,3,2,3) linecolor rgb '#e69f00' linewidth 1.6
set label 'Kaplan 2020' at screen 0.4214,0.1313 left front
set label '' at screen 0.3804,0.1313 point pointtype 10 pointsize 0.9 linecolor rgb '#e69f00'
set arrow nohead from screen 0.6750,0.1313 to screen 0.7286,0.1313 dashtype (4,2) linecolor rgb '#7f7f7f' linewidth 1.6
set label 'Ludziejewski 2025' at screen 0.7429,0.1313 left front
set label '' at screen 0.7018,0.1313 point pointtype 2 pointsize 0.9 linecolor rgb '#7f7f7f'
set arrow nohead from screen 0.0321,0.0888 to screen 0.0857,0.0888 dashtype (1,2) linecolor rgb '#0072b2' linewidth 1.6
set label 'Sardana 2023' at screen 0.1000,0.0888 left front
set label '' at screen 0.0589,0.0888 point pointtype 1 pointsize 0.9 linecolor rgb '#0072b2'
set arrow nohead from screen 0.3536,0.0888 to screen 0.4071,0.0888 dashtype (12,3) linecolor rgb '#d55e00' linewidth 1.6
set label 'Krajewski 2024' at screen 0.4214,0.0888 left front
set label '' at screen 0.3804,0.0888 point pointtype 12 pointsize 0.9 linecolor rgb '#d55e00'
set arrow nohead from screen 0.6750,0.0888 to screen 0.7286,0.0888 dashtype (6,2,1,2) linecolor rgb '#009e73' linewidth 1.6
set label 'Porian 2024' at screen 0.7429,0.0888 left front
set label '' at screen 0.7018,0.0888 point pointtype 14 pointsize 0.9 linecolor rgb '#009e73'
set label '' at screen 0.0589,0.0463 point pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
set label 'recommended' at screen 0.1000,0.0463 left front
set object rectangle from screen 0.3536,0.0347 to screen 0.4071,0.0579 fillcolor rgb '#7f7f7f' fillstyle transparent solid 0.2 noborder
set label 'does not fit' at screen 0.4214,0.0463 left front
plot NaN, \
  $sizes using 1:2 with lines linewidth 3 dashtype (10,3,3,3) linecolor rgb '#cc79a7', \
  $sizes using 1:3 with lines dashtype solid linecolor rgb '#0072b2' linewidth 3, \
  $sizes using 1:3 every 2 with points pointtype 6 pointsize 0.9 linecolor rgb '#0072b2', \
  $sizes using 1:4 with lines dashtype (8,4) linecolor rgb '#009e73' linewidth 1.6, \
  $sizes using 1:4 every 2 with points pointtype 4 pointsize 0.9 linecolor rgb '#009e73', \
  $sizes using 1:5 with lines dashtype (2,3) linecolor rgb '#000000' linewidth 1.6, \
  $sizes using 1:5 every 2 with points pointtype 8 pointsize 0.9 linecolor rgb '#000000', \
  $sizes using 1:6 with lines dashtype (8,3,2,3) linecolor rgb '#e69f00' linewidth 1.6, \
  $sizes using 1:6 every 2 with points pointtype 10 pointsize 0.9 linecolor rgb '#e69f00', \
  $sizes using 1:7 with lines dashtype (4,2) linecolor rgb '#7f7f7f' linewidth 1.6, \
  $sizes using 1:7 every 2 with points pointtype 2 pointsize 0.9 linecolor rgb '#7f7f7f', \
  $sizes using 1:8 with lines dashtype (1,2) linecolor rgb '#0072b2' linewidth 1.6, \
  $sizes using 1:8 every 2 with points pointtype 1 pointsize 0.9 linecolor rgb '#0072b2', \
  $sizes using 1:9 with lines dashtype (12,3) linecolor rgb '#d55e00' linewidth 1.6, \
  $sizes using 1:9 every 2 with points pointtype 12 pointsize 0.9 linecolor rgb '#d55e00', \
  $sizes using 1:10 with lines dashtype (6,2,1,2) linecolor rgb '#009e73' linewidth 1.6, \
  $sizes using 1:10 every 2 with points pointtype 14 pointsize 0.9 linecolor rgb '#009e73', \
  $rule using 1:2 with points pointtype 3 pointsize 1.4 linewidth 2.2 linecolor rgb '#cc79a7', \
  $plan using 1:2 with points pointtype 13 pointsize 1.3 linecolor rgb '#d55e00'
unset multiplot
set output
