/// The whole core under faults: thousands of lifecycles while answers are lost, calls are delayed,
/// throttled and conflict, processes are killed, messages are repeated and reordered, and clocks
/// differ.
@NullMarked
package io.budgetauthority.faults;

import org.jspecify.annotations.NullMarked;
