// `npm pack` in a clone would pack sources, which nobody can import from node_modules.
console.error('What is published is built first: npm run package makes the folder and the tarball.');
process.exit(1);
