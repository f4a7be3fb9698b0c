# Images of the quickstart's servers, for tests on a real node. They stand for anybody's server: nothing of the platform
# is in them.
ARG NODE_BASE
FROM ${NODE_BASE} AS node
ENV PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin \
    NODE_ENV=production
WORKDIR /app
USER 65532:65532
CMD []
ENTRYPOINT ["node", "/app/main.mjs"]

FROM node AS notes
COPY notes/ /

# It listens on every interface, whatever it is told.
FROM node AS everything
COPY everything/ /
CMD ["streamableHttp"]
