# A stand-in for a published Node image where none can be pulled: the Node that runs this project, with the libraries of
# this machine that it needs. For tests; what is published stands on a base that somebody patches.
FROM scratch
COPY base/ /
