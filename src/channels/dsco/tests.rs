mod mapping;
mod wire_client;
