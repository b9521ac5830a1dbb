package io.budgetauthority.bench;

import java.io.IOException;

/// A service that reserves and commits, as one of its clients sees it over one connection. For one
/// thread at a time.
interface Connection extends AutoCloseable {

  /// Opens a client's connection.
  interface Opening {

    Connection open(Client.Payer payer) throws IOException;
  }

  /// Reserves what a call may cost. The answer, if it is 200, has a `reservation_id`.
  Wire.Answer decide(Client.Payer payer, String idempotencyKey) throws IOException;

  /// Commits what the call cost.
  Wire.Answer commit(String reservationId) throws IOException;

  @Override
  void close() throws IOException;
}
