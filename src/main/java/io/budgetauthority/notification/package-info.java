/// Events from the decisions' stream: what happened that somebody may want to know, each with an id
/// that does not change.
@NullMarked
package io.budgetauthority.notification;

import org.jspecify.annotations.NullMarked;
