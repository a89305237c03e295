podman run -d --name reports -p 9000:80 -v ~/reports:/out registry.example/reports:3
scp reports/report.csv grace@files.example:/srv/in/
