// The lines and branches of core/ and wasm/ that no test reaches, from build/coverage/gcov.json: a figure for each file, all of them in
// build/coverage/uncovered.txt. tests/coverage.txt has how many a file may have; more fail, `--write` stores those of now.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const floorFile = 'tests/coverage.txt';
const files = new Map();

// gcov writes one document a line, one for each object; a header is in many, and each function of it once in all.
for (const text of readFileSync('build/coverage/gcov.json', 'utf8').split('\n')) {
    if (text.trim() === '') continue;
    for (const { file, lines } of JSON.parse(text).files) {
        if (!/^(core|wasm)\/[^/]+\.[ch]$/.test(file)) continue;
        const counts = files.get(file) ?? files.set(file, new Map()).get(file);
        for (const { line_number: number, count, function_name: name, branches } of lines) {
            const line = counts.get(number) ?? counts.set(number, { count: 0, branches: new Map() }).get(number);
            line.count += count;
            branches.forEach((branch, i) => {
                const key = `${name} ${i}`;
                line.branches.set(key, (line.branches.get(key) ?? 0) + branch.count);
            });
        }
    }
}
if (files.size === 0) throw new Error('gcov said nothing');

const sum = { lines: 0, missedLines: 0, branches: 0, missedBranches: 0 };
const rows = [...files].sort(([x], [y]) => (x < y ? -1 : 1)).map(([file, counts]) => {
    const row = { file, lines: 0, missedLines: 0, branches: 0, missedBranches: 0, where: [] };
    const source = readFileSync(file, 'utf8').split('\n');
    for (const [number, { count, branches }] of [...counts].sort(([x], [y]) => x - y)) {
        const missed = [...branches.values()].map((times, i) => (times === 0 ? i : -1)).filter((i) => i >= 0);
        row.lines++;
        row.missedLines += count === 0 ? 1 : 0;
        row.branches += branches.size;
        row.missedBranches += missed.length;
        if (count === 0 || missed.length > 0)
            row.where.push(`${file}:${number}: ${count === 0 ? 'never run' : `branches ${missed.join(', ')} of ${branches.size} never taken`}: ${source[number - 1].trim()}`);
    }
    for (const key of Object.keys(sum)) sum[key] += row[key];
    return row;
});
const share = (missed, all) => (all === 0 ? 100 : (100 * (all - missed)) / all).toFixed(2).padStart(6);
const figures = (name, { lines, missedLines, branches, missedBranches }) =>
    `  ${name.padEnd(24)} lines ${share(missedLines, lines)} % of ${String(lines).padStart(5)}   branches ${share(missedBranches, branches)} % of ${String(branches).padStart(5)}`;
for (const row of rows) console.log(figures(row.file, row));
console.log(figures('all', sum));
writeFileSync('build/coverage/uncovered.txt', rows.flatMap(({ where }) => where).join('\n') + '\n');
console.log('  what none reaches: build/coverage/uncovered.txt');

const header = '# file, and at most so many of its lines and branches that no test reaches: a file that is not here has none. make coverage WRITE=yes\n';
if (process.argv.includes('--write')) {
    writeFileSync(floorFile, header + rows.filter((row) => row.where.length > 0).map((row) => `${row.file} ${row.missedLines} ${row.missedBranches}\n`).join(''));
} else {
    const floor = new Map((existsSync(floorFile) ? readFileSync(floorFile, 'utf8') : '').split('\n').filter((line) => /^[^#]/.test(line)).map((line) => {
        const [file, lines, branches] = line.split(' ');
        return [file, { lines: Number(lines), branches: Number(branches) }];
    }));
    let status = 0;
    for (const { file, missedLines, missedBranches, where } of rows) {
        const { lines, branches } = floor.get(file) ?? { lines: 0, branches: 0 };
        if (missedLines <= lines && missedBranches <= branches) continue;
        console.log(`FAILED: ${file}: ${missedLines} lines and ${missedBranches} branches are not reached; ${floorFile} allows ${lines} and ${branches}`);
        for (const place of where) console.log(`  ${place}`);
        status = 1;
    }
    process.exit(status);
}
