# What both steps of the container's test call the engine's settings and the image.
export CONTAINERS_CONF=${XDG_CACHE_HOME:-$HOME/.cache}/pullback-containers.conf
export PULLBACK_IMAGE=localhost/pullback:test
