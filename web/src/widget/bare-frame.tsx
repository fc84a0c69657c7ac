/* In place of ChartFrame: what a figure shows is saved in the calculator, whose styles the saved picture takes. */
import type { ChartFrameProps } from '../charts/frame';

export const BareFrame = ({ children }: ChartFrameProps) => <>{children}</>;
