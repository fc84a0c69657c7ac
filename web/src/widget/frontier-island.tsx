/* The view "frontier", which is loaded when a figure needs it, as whole.wasm is: it may have a Preact of its own, so nothing but plain values and
 * functions crosses. */
import { render } from 'preact';
import { readFonts } from '../charts/measure';
import { TradeoffView, type TradeoffViewProps } from '../views/tradeoff-view';
import { BareFrame } from './bare-frame';
import css from './frontier.css?inline';
import { dress } from './sheets';

export type FrontierProps = Omit<TradeoffViewProps, 'Frame'>;

/** Draws it into `place`, in a shadow root; null takes it away. */
export function draw(place: Element, props: FrontierProps | null): void {
  const root = place.getRootNode();
  if (root instanceof ShadowRoot) dress(root, css);
  readFonts(place);
  render(props === null ? null : <TradeoffView {...props} Frame={BareFrame} />, place);
}
