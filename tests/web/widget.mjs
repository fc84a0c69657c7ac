export function widgetTests() {}
