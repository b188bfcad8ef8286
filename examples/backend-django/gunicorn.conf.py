"""How gunicorn serves this project; it reads this file by itself in the folder where it is started."""

wsgi_app = "backend.wsgi"
workers = 3
# With threads, a connection on which nothing is sent, as browsers open them in advance, occupies no worker.
threads = 4
# Its place would be the same for every gunicorn of this account.
control_socket_disable = True
