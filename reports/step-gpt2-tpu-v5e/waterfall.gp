# draws waterfall.svg: gnuplot waterfall.gp
reset
set encoding utf8
set terminal svg size 560,400 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'waterfall.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Where the chip''s multiply-adds went' at screen 0.0214,0.9450 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$useful << EOD
NaN NaN NaN NaN NaN NaN
50 13 0 100 5 21
55.7577 247 55.38 56.1353 239 255
27.69 273 0 55.38 265 281
EOD
$padding << EOD
NaN NaN NaN NaN NaN NaN
60.0282 169 58.9203 61.1361 161 177
57.7715 195 56.6227 58.9203 187 203
56.379 221 56.1353 56.6227 213 229
EOD
$array << EOD
NaN NaN NaN NaN NaN NaN
62.3226 143 61.1361 63.5091 135 151
EOD
$memory << EOD
NaN NaN NaN NaN NaN NaN
82.1985 65 65.8995 98.4974 57 73
65.8743 91 65.849 65.8995 83 99
64.6791 117 63.5091 65.849 109 125
EOD
$vector << EOD
NaN NaN NaN NaN NaN NaN
99.2487 39 98.4974 100 31 47
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
set lmargin at screen 0.2679
set rmargin at screen 0.9536
set tmargin at screen 0.8700
set bmargin at screen 0.1550
set label '% of what the chip could do in the step' at screen 0.6107,0.0400 center front
unset ytics
set yrange [286:0]
set xrange [0:100]
set xtics 20
set label 'the chip could do' at graph 0,first 13 right offset -0.6,0 font 'sans-serif,13' front
set label '100.0 %' at first 100,13 right offset -0.6,0 textcolor rgb '#ffffff' front
set arrow nohead from first 100,21 to first 100,31 linewidth 1 linecolor rgb '#7f7f7f'
set label 'vector bound' at graph 0,first 39 right offset -0.6,0 font 'sans-serif,13' front
set label '−1.5 %' at first 98.4974,39 right offset -0.6,0 front
set arrow nohead from first 98.4974,47 to first 98.4974,57 linewidth 1 linecolor rgb '#7f7f7f'
set label 'memory bound' at graph 0,first 65 right offset -0.6,0 font 'sans-serif,13' front
set label '−32.6 %' at first 65.8995,65 right offset -0.6,0 front
set arrow nohead from first 65.8995,73 to first 65.8995,83 linewidth 1 linecolor rgb '#7f7f7f'
set label 'dma tail' at graph 0,first 91 right offset -0.6,0 font 'sans-serif,13' front
set label '−0.1 %' at first 65.849,91 right offset -0.6,0 front
set arrow nohead from first 65.849,99 to first 65.849,109 linewidth 1 linecolor rgb '#7f7f7f'
set label 'dma head' at graph 0,first 117 right offset -0.6,0 font 'sans-serif,13' front
set label '−2.3 %' at first 63.5091,117 right offset -0.6,0 front
set arrow nohead from first 63.5091,125 to first 63.5091,135 linewidth 1 linecolor rgb '#7f7f7f'
set label 'weight bubbles' at graph 0,first 143 right offset -0.6,0 font 'sans-serif,13' front
set label '−2.4 %' at first 61.1361,143 right offset -0.6,0 front
set arrow nohead from first 61.1361,151 to first 61.1361,161 linewidth 1 linecolor rgb '#7f7f7f'
set label 'padding k' at graph 0,first 169 right offset -0.6,0 font 'sans-serif,13' front
set label '−2.2 %' at first 58.9203,169 right offset -0.6,0 front
set arrow nohead from first 58.9203,177 to first 58.9203,187 linewidth 1 linecolor rgb '#7f7f7f'
set label 'padding n' at graph 0,first 195 right offset -0.6,0 font 'sans-serif,13' front
set label '−2.3 %' at first 56.6227,195 right offset -0.6,0 front
set arrow nohead from first 56.6227,203 to first 56.6227,213 linewidth 1 linecolor rgb '#7f7f7f'
set label 'masked attention' at graph 0,first 221 right offset -0.6,0 font 'sans-serif,13' front
set label '−0.5 %' at first 56.1353,221 right offset -0.6,0 front
set arrow nohead from first 56.1353,229 to first 56.1353,239 linewidth 1 linecolor rgb '#7f7f7f'
set label 'recompute' at graph 0,first 247 right offset -0.6,0 font 'sans-serif,13' front
set label '−0.7 %' at first 55.38,247 right offset -0.6,0 front
set arrow nohead from first 55.38,255 to first 55.38,265 linewidth 1 linecolor rgb '#7f7f7f'
set label 'the model needs' at graph 0,first 273 right offset -0.6,0 font 'sans-serif,13' front
set label '55.4 %' at first 55.38,273 left offset 0.6,0 front
plot NaN, \
  $useful using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#0072b2' fillstyle solid 1 noborder, \
  $padding using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#0072b2' fillstyle pattern 4 border linecolor rgb '#0072b2', \
  $array using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#7f7f7f' fillstyle solid 1 noborder, \
  $memory using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#d55e00' fillstyle solid 1 noborder, \
  $vector using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '#009e73' fillstyle pattern 5 border linecolor rgb '#009e73'
unset multiplot
set output
