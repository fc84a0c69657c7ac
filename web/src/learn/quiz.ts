/* The quiz is HTML that works by itself; here an answer is judged, its reason opened, and the score kept. */

export function keepScore(form: HTMLFormElement): void {
  const questions = [...form.querySelectorAll('fieldset')];
  const score = form.querySelector<HTMLElement>('.score');
  form.addEventListener('submit', (event) => event.preventDefault());
  for (const question of questions) {
    const reason = question.querySelector('details');
    const said = document.createElement('p');
    said.className = 'judged';
    said.setAttribute('role', 'status');
    question.insertBefore(said, reason);
    question.addEventListener('change', (event) => {
      const right = (event.target as HTMLInputElement).dataset['right'] !== undefined;
      question.dataset['answered'] = right ? 'right' : 'wrong';
      said.textContent = right ? 'Right.' : 'Not quite.';
      if (reason !== null) reason.open = true;
      if (score !== null) score.textContent = scoreText(questions.map((q) => q.dataset['answered']));
    });
  }
}

/** "4 of 6 right, 4 to go" */
export function scoreText(answers: readonly (string | undefined)[]): string {
  const answered = answers.filter((a) => a !== undefined);
  const right = answered.filter((a) => a === 'right').length;
  const left = answers.length - answered.length;
  return `${right} of ${answered.length} right${left > 0 ? `, ${left} to go` : ''}.`;
}
