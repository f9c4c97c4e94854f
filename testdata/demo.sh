#!/bin/sh
# The main job, to see: ten minutes of three simulated sensors, one of which
# overheats; a row each minute and the alerts, in the order they come.
rtda=$1
echo "rtda simulate … | rtda -k sensor -f value -t time -w 1m -n 1m -r 'crit hot: …'"
echo
"$rtda" simulate --flat-out --hz 2 --count 3600 --sensors 3 --shape sine --fault spike,drift -o json |
	"$rtda" -k sensor -f value -t time -w 1m -n 1m \
		-r 'crit hot: max > 95 for 2s until max < 90' 2>&1
