/* The trade-off's chart as the page has it, searched for on a thread of its own: loaded when it comes near the window. */
import '../styles/lines.css';
import { ChartFrame } from '../charts/frame';
import { report } from '../state/ask';
import { TradeoffView, type TradeoffViewProps } from './tradeoff-view';

export function AskedTradeoff(props: Omit<TradeoffViewProps, 'question' | 'Frame'>) {
  return <TradeoffView {...props} Frame={ChartFrame} question={report} />;
}
