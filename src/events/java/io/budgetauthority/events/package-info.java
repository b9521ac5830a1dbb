/// Entry points of the event functions. Each reads its event, calls its part of the core, and says
/// what happened to every record. `QUARKUS_LAMBDA_HANDLER` names the entry point of a function.
@NullMarked
package io.budgetauthority.events;

import org.jspecify.annotations.NullMarked;
