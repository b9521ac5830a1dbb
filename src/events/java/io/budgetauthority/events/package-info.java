/// Entry points of the event functions: each reads its event, calls the core that it is for, and
/// says what became of every record. `QUARKUS_LAMBDA_HANDLER` names the one that a function is.
@NullMarked
package io.budgetauthority.events;

import org.jspecify.annotations.NullMarked;
