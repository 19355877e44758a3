#!/bin/sh
# Starts Prometheus with prometheus.yml, after it has written which of its targets there are on this host. The image has
# busybox sh. What is written beside the measurements is no part of them.
set -eu

targets() { # FILE, ADDRESS or nothing
    case $2 in '') list= ;; *) list="{\"targets\": [\"$2\"]}" ;; esac
    printf '[%s]\n' "$list" > "/prometheus/$1.json"
}

sip=sip:6789 speech=''
case ${NETWORK:-} in host) sip='' ;; esac   # there, the gateway would open its metrics to everybody
case ",${PROFILES:-}," in *,local,*) speech=speech:8000 ;; esac
case ${LOG_FORMAT:-} in json) form=json ;; *) form=logfmt ;; esac
targets sip "$sip"
targets speech "$speech"
targets alertmanager "${ALERTMANAGER:-}"
# By default, every web page that is open on this machine could read what it asks METRICS_PORT for.
exec prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus \
    --storage.tsdb.retention.time=15d --storage.tsdb.retention.size=1GB --web.cors.origin=none \
    --log.level=warn --log.format="$form"
