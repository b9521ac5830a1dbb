/// What stands between the server and an HTTP API in the API function: its events, its authorizer,
/// and the requests that are sent before a snapshot.
@NullMarked
package io.budgetauthority.function;

import org.jspecify.annotations.NullMarked;
