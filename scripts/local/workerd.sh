#!/bin/sh
# Stands in for the workerd binary: leaves its process id in a file, then becomes workerd.
echo $$ > "$CARILLON_WORKERD_PID_FILE" && exec "$CARILLON_WORKERD" "$@"
