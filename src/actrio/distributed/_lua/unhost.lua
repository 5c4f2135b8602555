-- worker, type

unhost(ARGV[1], ARGV[2])
