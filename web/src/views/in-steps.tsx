/* Parts of a page that come one after another, each in a task of its own: in between the browser may paint, or take a key. Once they are there they are
 * drawn together like any others. */
import type { ComponentChild } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

interface InStepsProps {
  /** In place of those that are to come. */
  until?: ComponentChild;
  /** All are there. */
  then?: () => void;
  children: readonly ComponentChild[];
}

export function InSteps({ until, then, children }: InStepsProps) {
  const [count, setCount] = useState(1);
  const more = count < children.length;
  useLayoutEffect(() => {
    if (!more) {
      then?.();
      return undefined;
    }
    const timer = setTimeout(() => setCount(count + 1));
    return () => clearTimeout(timer);
  }, [count, more]);
  return (
    <>
      {children.slice(0, count)}
      {more && until}
    </>
  );
}
