export default {
  title: 'Documentation',
  url: 'http://localhost',
  baseUrl: '/docs/',
  onBrokenLinks: 'ignore',
  scripts: [{ src: '@SITE@widget.js', async: true }],
  plugins: ['@docusaurus/plugin-content-pages'],
  themes: ['@docusaurus/theme-classic'],
};
