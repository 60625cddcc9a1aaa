# draws parity-time.svg: gnuplot parity-time.gp
reset
set encoding utf8
set terminal svg size 560,520 dynamic noenhanced font 'sans-serif,15' background '#ffffff' linewidth 1 dashlength 1
set output 'parity-time.svg'
set style fill solid 1 noborder
set clip two
unset key
set border 3 linewidth 1 linecolor rgb '#000000'
set multiplot
set label 'Time of a step' at screen 0.0214,0.9577 left font 'sans-serif,18' front
unset border
unset tics
plot [0:1] [0:1] NaN
set border 3
$judge << EOD
NaN NaN
0.134099 0.131648
0.0920882 0.0898777
0.0987794 0.097332
0.0961607 0.0928048
0.125309 0.126786
0.106847 0.107298
0.108715 0.105391
0.112155 0.108308
0.10341 0.105352
0.0516462 0.0496414
0.0417057 0.0393393
0.0464219 0.045233
0.0956992 0.0946513
0.0878805 0.0873562
0.0771065 0.0764494
0.0463786 0.0450899
0.0427395 0.0438948
0.58804 0.675307
1.73976 1.6994
0.218572 0.19419
0.283804 0.311598
EOD
$fitted << EOD
NaN NaN
0.106252 0.0947383
0.0932688 0.0826437
0.0883241 0.0760626
0.041132 0.0258023
0.0434418 0.0231568
0.0792822 0.0732188
0.0366259 0.0247436
0.0474255 0.0207935
0.0989114 0.0846014
1.24075 1.18938
0.693721 0.6573
EOD
$simulated << EOD
NaN NaN
0.106252 0.117295
0.0932688 0.10888
0.0883241 0.0930138
0.041132 0.031651
0.0434418 0.0166849
0.0792822 0.0955121
0.0366259 0.0304259
0.0474255 0.0161227
0.0989114 0.113691
1.24075 1.34822
0.693721 0.769536
0.134099 0.145636
0.0920882 0.109226
0.0987794 0.109633
0.0961607 0.11526
0.125309 0.149608
0.106847 0.1198
0.108715 0.120532
0.112155 0.115878
0.10341 0.115406
0.0516462 0.039278
0.0417057 0.0271467
0.0464219 0.0178053
0.0956992 0.111896
0.0878805 0.103769
0.0771065 0.0895806
0.0463786 0.0334305
0.0427395 0.0157628
0.58804 0.682442
1.73976 1.84362
0.218572 0.141824
0.283804 0.258549
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
set lmargin at screen 0.1250
set rmargin at screen 0.9536
set tmargin at screen 0.8577
set bmargin at screen 0.2308
set label 'predicted or simulated, s' at screen 0.0214,0.8885 left front
set label 'measured, s' at screen 0.5393,0.1423 center front
set logscale x
set xrange [0.0131356:2.21235]
set xtics nomirror out scale 0.5,0.25 ('0.02' 0.02, '' 0.03 1, '' 0.04 1, '0.05' 0.05, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '0.1' 0.1, '0.2' 0.2, '' 0.3 1, '' 0.4 1, '0.5' 0.5, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '2' 2)
set logscale y
set yrange [0.0131356:2.21235]
set ytics nomirror out scale 0.5,0.25 ('0.02' 0.02, '' 0.03 1, '' 0.04 1, '0.05' 0.05, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1, '0.1' 0.1, '0.2' 0.2, '' 0.3 1, '' 0.4 1, '0.5' 0.5, '' 0.6 1, '' 0.7 1, '' 0.8 1, '' 0.9 1, '1' 1, '2' 2)
set arrow nohead from screen 0.0321,0.1038 to screen 0.0857,0.1038 linewidth 1.6 linecolor rgb '#000000'
set label 'as measured' at screen 0.1000,0.1038 left front
set label '' at screen 0.5429,0.1038 point pointtype 4 pointsize 0.8 linewidth 1.4 linecolor rgb '#d55e00'
set label 'simulated' at screen 0.5839,0.1038 left front
set label '' at screen 0.0589,0.0615 point pointtype 6 pointsize 0.7 linecolor rgb '#0072b2'
set label 'predicted, for calibration' at screen 0.1000,0.0615 left front
set label '' at screen 0.5429,0.0615 point pointtype 7 pointsize 0.7 linecolor rgb '#0072b2'
set label 'predicted' at screen 0.5839,0.0615 left front
plot NaN, \
  x with lines linewidth 1.6 linecolor rgb '#000000', \
  $simulated using 1:2 with points pointtype 4 pointsize 0.8 linewidth 1.4 linecolor rgb '#d55e00', \
  $fitted using 1:2 with points pointtype 6 pointsize 0.7 linecolor rgb '#0072b2', \
  $judge using 1:2 with points pointtype 7 pointsize 0.7 linecolor rgb '#0072b2'
unset multiplot
set output
