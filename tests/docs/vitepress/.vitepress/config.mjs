export default {
  title: 'Guest',
  head: [['script', { async: '', src: '@SITE@widget.js' }]],
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag === 'activation-memory' } } },
};
