mod mapping;
mod shop;
mod wire_client;
