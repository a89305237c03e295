docker ps
docker logs --tail 50 shop-web
kubectl --server=https://cluster.example:6443 -n shop get pods
psql -h orders-db.example -U orders orders
