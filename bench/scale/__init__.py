"""How the program grows past one machine, tried on one: several web servers and workers, a replica, several servers."""
